/**
 * What shops load from us, as `/js/payhook.js` or `/js/pebblepay.js`: every element with `data-payhook` (`data-pebblepay`) opens a
 * checkout in a dialog of the shop's page. The checkout itself tells the page what came of it, by messages from our origin.
 *
 * It must work on any page: nothing global, no style sheet (a strict policy may forbid it), clicks heard at the document, so that
 * elements count that a framework makes later.
 */
import { addressesOf } from './addresses'
import { openDialog } from './dialog'

/** The name that this script goes by; the bundler writes it in. */
declare const BRAND: 'payhook' | 'pebblepay'

const ATTRIBUTE = `data-${BRAND}`
/** What the browser itself lets people reach and press. */
const NATIVE = 'button,a[href],input,summary'

function start(script: HTMLScriptElement): void {
  const folder = new URL('..', script.src)
  const pressed = (event: Event) => {
    if (event.defaultPrevented) return undefined
    return event
      .composedPath()
      .find((node): node is HTMLElement => node instanceof HTMLElement && node.hasAttribute(ATTRIBUTE))
  }
  document.addEventListener('click', (event) => {
    const element = pressed(event)
    if (!element) return
    event.preventDefault()
    const addresses = addressesOf(element, script, folder)
    if (addresses) openDialog(element, addresses)
    else console.error(`${BRAND}.js: data-store is missing. Write your store's id (sto_…) into the script's tag.`)
  })
  document.addEventListener('keydown', (event) => {
    const element = pressed(event)
    if (!element || element !== event.composedPath()[0] || element.matches(NATIVE)) return
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    element.click()
  })
  const prepare = () => {
    for (const element of document.querySelectorAll<HTMLElement>(`[${ATTRIBUTE}]:not(${NATIVE})`)) {
      if (!element.hasAttribute('role')) element.setAttribute('role', 'button')
      if (!element.hasAttribute('tabindex')) element.tabIndex = 0
    }
  }
  prepare()
  new MutationObserver(prepare).observe(document, { childList: true, subtree: true, attributeFilter: [ATTRIBUTE] })
}

// A module, or a page that runs its scripts in some way of its own, has no current script.
const own = document.currentScript ?? document.querySelector(`script[src*="/js/${BRAND}.js"]`)
const mark = Symbol.for(`${BRAND}.js`)
if (own instanceof HTMLScriptElement && !Reflect.has(window, mark)) {
  Reflect.set(window, mark, true)
  start(own)
}
