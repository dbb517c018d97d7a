/**
 * The page of a crypto payment: it follows the payment by server-sent events, by asking every few seconds where those don't come
 * through, shows the time that is left, and goes back to the shop when all is paid. The server makes all that is shown.
 */
import { copyOnPress } from './copy'
import { sendOnce } from './send-once'
import { timeLeft } from './time-left'

type Change = { version: string; kind: string; ended: boolean; title: string; html: string }

const ASK_EVERY_MS = 3_000
const FORWARD_AFTER_MS = 4_000
/** The time turns to the colour of warning when so little is left. */
const SOON_MS = 120_000

export function connectPayment(panel: HTMLElement): void {
  startCountdown(panel)
  forwardWhenPaid(panel)
  const path = panel.dataset.live
  if (path) watch(panel, path)
}

function watch(panel: HTMLElement, path: string): void {
  let failures = 0
  // Within a frame the address says how it is shown.
  const [place = '', query = ''] = path.split('?')
  const address = (what: string) =>
    `${place}/${what}?${query}&version=${encodeURIComponent(panel.dataset.version ?? '')}`
  const notice = document.querySelector<HTMLElement>('#pay-notice')
  const tell = (isOffline: boolean) => {
    if (!notice) return
    notice.hidden = !isOffline
    notice.textContent = isOffline ? (panel.dataset.offline ?? '') : ''
  }
  const ask = async () => {
    try {
      const answer = await fetch(address('state'))
      tell(false)
      if (answer.status === 200 && show(panel, (await answer.json()) as Change)) return
    } catch {
      tell(true)
    }
    setTimeout(ask, ASK_EVERY_MS)
  }
  const listen = () => {
    const events = new EventSource(address('events'))
    events.addEventListener('open', () => {
      failures = 0
      tell(false)
    })
    events.addEventListener('change', (event) => {
      if (show(panel, JSON.parse((event as MessageEvent<string>).data) as Change)) events.close()
    })
    events.addEventListener('error', () => {
      // By itself the browser would ask with the version of when the page was opened.
      events.close()
      failures++
      setTimeout(failures > 2 ? ask : listen, failures > 1 ? ASK_EVERY_MS : 0)
    })
  }
  if ('EventSource' in window) listen()
  else void ask()
}

/** Answers whether the payment has ended. */
function show(panel: HTMLElement, { version, kind, ended, title, html }: Change): boolean {
  const before = panel.querySelector<HTMLElement>('[data-kind]')?.dataset.kind
  panel.dataset.version = version
  if (before === kind && kind === 'seen') replaceSteps(panel, html)
  else {
    const hadFocus = panel.contains(document.activeElement)
    panel.innerHTML = html
    document.title = title
    for (const button of panel.querySelectorAll<HTMLButtonElement>('[data-copy]')) copyOnPress(button)
    for (const form of panel.querySelectorAll<HTMLFormElement>('form[data-once]')) sendOnce(form)
    // What had the focus is gone.
    if (hadFocus) panel.querySelector('h1')?.focus()
    panel.querySelector('.pay-panel')?.scrollIntoView({ block: 'nearest' })
    startCountdown(panel)
    forwardWhenPaid(panel)
  }
  return ended
}

/** Each confirmation is a small step: only the bar moves, so that nothing is read out fifteen times. */
function replaceSteps(panel: HTMLElement, html: string): void {
  const template = document.createElement('template')
  template.innerHTML = html
  const steps = template.content.querySelector('.steps')
  if (steps) panel.querySelector('.steps')?.replaceWith(steps)
}

function startCountdown(panel: HTMLElement): void {
  const time = panel.querySelector<HTMLTimeElement>('time[data-until]')
  if (!time) return
  // The buyer's clock may be wrong: what counts is how long the server said.
  const left = Date.parse(time.dataset.until ?? '') - Date.parse(time.dataset.now ?? '')
  const ends = performance.now() + left
  const shown = time.querySelector('.scripted')
  const tick = () => {
    if (!time.isConnected) return
    const ms = Math.max(0, ends - performance.now())
    if (shown) shown.textContent = timeLeft(ms)
    time.classList.toggle('soon', ms < SOON_MS)
    if (ms > 0) setTimeout(tick, 1_000 - ((performance.now() - ends + left) % 1_000))
  }
  tick()
}

/** Slowly enough to be read. */
function forwardWhenPaid(panel: HTMLElement): void {
  const link = panel.querySelector<HTMLAnchorElement>('a[data-forward]')
  if (link) setTimeout(() => window.location.assign(link.href), FORWARD_AFTER_MS)
}
