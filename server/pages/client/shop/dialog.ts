import type { Addresses } from './addresses'

/** How the checkout within the frame talks to the dialog around it; shops needn't know. See `client/frame.ts`. */
type Request = { type?: unknown; action?: unknown; url?: unknown }

const isGerman = () => /^de\b/i.test(document.documentElement.lang)
/** How long a frame that has loaded may take to say that it is ours; one that was blocked never does. */
const PATIENCE_MS = 2_500

/** The checkout in the middle of the page, until it is closed; only one can be open, for the rest of the page is inert. */
export function openDialog(opener: HTMLElement, { frame: frameUrl, page }: Addresses): void {
  const goToPage = () => window.location.assign(page)
  const dialog = document.createElement('dialog')
  if (!dialog.showModal) {
    goToPage()
    return
  }
  const frame = frameFor(frameUrl)
  let isBusy = false
  let isReady = false
  let isPaid = false

  const close = () => dialog.close()
  const onMessage = ({ origin, source, data }: MessageEvent<Request | null>) => {
    if (origin !== frameUrl.origin || source !== frame.contentWindow) return
    if (data?.type === 'payhook:payment_complete') isPaid = true
    if (data?.type !== 'payhook:dialog') return
    isReady = true
    isBusy = data.action === 'busy'
    if (data.action === 'close') close()
    if (data.action === 'redirect') goTo(data.url)
  }
  // The page's own policy may forbid the frame: then the checkout is a page of its own.
  const onViolation = ({ blockedURI }: SecurityPolicyViolationEvent) => {
    if (blockedURI.startsWith(frameUrl.origin)) goToPage()
  }
  frame.addEventListener('load', () => {
    isBusy = false
    setTimeout(() => isReady || !dialog.open || goToPage(), PATIENCE_MS)
  })
  window.addEventListener('message', onMessage)
  document.addEventListener('securitypolicyviolation', onViolation)
  // Escape; while a payment is under way, its answer is waited for.
  dialog.addEventListener('cancel', (event) => isBusy && event.preventDefault())
  dialog.addEventListener('click', ({ target }) => target === dialog && !isBusy && close())
  const unlock = lockScrolling()
  dialog.addEventListener('close', () => {
    window.removeEventListener('message', onMessage)
    document.removeEventListener('securitypolicyviolation', onViolation)
    unlock()
    dialog.remove()
    opener.focus()
    // Whoever closes it without having paid has cancelled.
    if (!isPaid) goTo(page.searchParams.get('cancel_url'))
  })

  // The button first: it gets the focus, and Escape is heard at once.
  dialog.append(closeButton(close), frame)
  dress(dialog)
  document.body.append(dialog)
  dialog.showModal()
}

function goTo(url: unknown): void {
  if (/^https?:/.test(String(url))) window.location.assign(String(url))
}

function frameFor(url: URL): HTMLIFrameElement {
  const frame = document.createElement('iframe')
  frame.src = url.href
  frame.title = isGerman() ? 'Kasse' : 'Checkout'
  frame.allow = 'payment; clipboard-write'
  const ground = url.searchParams.get('theme') === 'light' ? '#f6f6f3' : '#0f1113'
  style(
    frame,
    `width:min(480px,100%);height:min(800px,100%);border:0;border-radius:16px;background:${ground};box-shadow:0 16px 64px rgb(0 0 0/.4);color-scheme:normal`,
  )
  return frame
}

function closeButton(close: () => void): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = '✕'
  button.setAttribute('aria-label', isGerman() ? 'Schließen' : 'Close')
  button.addEventListener('click', close)
  style(
    button,
    'position:absolute;top:8px;right:8px;width:44px;height:44px;border-radius:50%;background:#16181b;color:#fff;font:20px/44px system-ui,sans-serif;text-align:center;cursor:pointer;outline-offset:2px',
  )
  const ring = () => {
    button.style.outline = button.matches(':focus-visible') ? '3px solid #fff' : 'none'
  }
  button.addEventListener('focus', ring)
  button.addEventListener('blur', ring)
  return button
}

function dress(dialog: HTMLDialogElement): void {
  dialog.setAttribute('aria-modal', 'true')
  dialog.setAttribute('aria-label', isGerman() ? 'Kasse' : 'Checkout')
  const edge = window.innerWidth < 560 ? '56px 0 0' : '24px 64px'
  style(
    dialog,
    `position:fixed;inset:0;box-sizing:border-box;width:100%;height:100%;max-width:none;max-height:none;margin:0;padding:${edge};border:0;display:flex;align-items:center;justify-content:center;background:rgb(8 9 10/.72);overflow:hidden;overscroll-behavior:contain`,
  )
}

/** The shop's own rules for dialogs, frames and buttons don't count; set like this, no policy forbids it. */
function style(element: HTMLElement, rules: string): void {
  element.style.cssText = `all:initial;${rules}`
}

/** The page stays where it is, and as wide as it is. */
function lockScrolling(): () => void {
  const { style: rules, clientWidth } = document.documentElement
  const { overflow, paddingRight } = rules
  const bar = window.innerWidth - clientWidth
  rules.overflow = 'hidden'
  if (bar > 0) rules.paddingRight = `${bar}px`
  return () => {
    rules.overflow = overflow
    rules.paddingRight = paddingRight
  }
}
