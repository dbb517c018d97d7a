/**
 * A checkout within another page tells that page what came of it, as document D says: `pebblepay:payment_complete` with
 * `transactionId`, `amount` and `orderId`, and `pebblepay:payment_failed` with `error`; the same under our own name.
 *
 * To whoever frames it, `'*'`: an embedded checkout may be framed by anybody, its address doesn't say by whom, and nothing in these
 * messages helps who isn't the shop: its orders are shown for its key only.
 */
const BRANDS = ['payhook', 'pebblepay']

/** What the server wrote into the page: the message, and where the shop wants its buyer next. */
type Told = { type: string; redirectUrl?: string | null } & Record<string, unknown>

export function connectFrame(): void {
  const { told, frame } = document.body.dataset
  if (frame === undefined || window.parent === window) return
  const isDialog = frame === 'dialog'
  if (isDialog) connectDialog()
  // Once: a reload shows the same page again, and keeps the state of its entry.
  if (!told || (history.state as { told?: string } | null)?.told === told) return
  history.replaceState({ told }, '')
  const { redirectUrl, type, ...facts } = JSON.parse(told) as Told
  for (const brand of BRANDS) window.parent.postMessage({ type: `${brand}:${type}`, ...facts }, '*')
  if (!redirectUrl) return
  if (isDialog) askDialog('redirect', redirectUrl)
  // Browsers that want a click for this refuse, and the page's own link is there.
  else window.open(redirectUrl, '_top')
}

/** Of our own script's dialog, which can't see what is pressed within the frame. */
function connectDialog(): void {
  askDialog('ready')
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) askDialog('close')
  })
  document.addEventListener('submit', (event) => {
    if (!event.defaultPrevented) askDialog('busy')
  })
}

function askDialog(action: 'ready' | 'busy' | 'close' | 'redirect', url?: string): void {
  window.parent.postMessage({ type: 'payhook:dialog', action, url }, '*')
}
