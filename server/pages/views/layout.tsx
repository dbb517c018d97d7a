import type { Child } from 'hono/jsx'
import { HOUSE_ACCENT, readableAccent } from '../accent'
import type { Asset } from '../assets'
import type { Frame, Theme } from '../frame'
import type { Language } from '../language'

/** What every page needs to know of its visit. */
export type Visit = Language & {
  nonce: string
  /** In front of every path of ours: empty, unless PUBLIC_URL has a path. */
  basePath: string
  /** Set where the page is shown within another. */
  frame: Frame | null
  style: Asset
  script: Asset | null
}

/** What buyers see of a store. A store's row is one. */
export type StoreFace = { name: string; accentColor: string | null; logoUrl: string | null }

/**
 * What the page around an embedded checkout hears; `client/frame.ts` sends it under the names of document D. `amount` is in the
 * currency's own unit.
 */
export type Told =
  | {
      type: 'payment_complete'
      transactionId: string
      amount: number
      currency: string
      orderId: string
      redirectUrl: string | null
    }
  | { type: 'payment_failed'; error: string; code: string }

type LayoutProps = {
  visit: Visit
  title: string
  /** Absent where no store is known. */
  store?: StoreFace | undefined
  /** For the page around an embedded checkout. */
  told?: Told | null
  /** Reloads the page by itself, without script too. */
  refreshSeconds?: number
  /** The same where there is no script to do better. */
  scriptlessRefreshSeconds?: number
  /** Where the browser goes at once by itself. A form's redirect to another host would be stopped by the page's policy. */
  goTo?: string | undefined
  children?: Child
}

export function Layout(props: LayoutProps) {
  const { visit, title, store, told, refreshSeconds, scriptlessRefreshSeconds, goTo, children } = props
  const accent = store?.accentColor ?? HOUSE_ACCENT
  const theme = visit.frame?.theme ?? 'auto'
  return (
    <html lang={visit.texts.lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme === 'auto' ? 'light dark' : theme} />
        {refreshSeconds ? <meta http-equiv="refresh" content={String(refreshSeconds)} /> : null}
        {goTo ? <meta http-equiv="refresh" content={`0; url=${goTo}`} /> : null}
        <title>{store ? visit.texts.titleOf(title, store.name) : title}</title>
        <link rel="icon" href={favicon(store?.name ?? 'P', readableAccent(accent, 'light'))} />
        <link rel="stylesheet" href={`${visit.basePath}/assets/${visit.style.name}`} nonce={visit.nonce} />
        <style nonce={visit.nonce}>{accentRules(accent, theme)}</style>
        <noscript>
          <style nonce={visit.nonce}>{SCRIPTLESS_RULES}</style>
          {scriptlessRefreshSeconds ? <meta http-equiv="refresh" content={String(scriptlessRefreshSeconds)} /> : null}
        </noscript>
        {visit.script ? (
          <script
            type="module"
            src={`${visit.basePath}/assets/${visit.script.name}`}
            nonce={visit.nonce}
            // Browsers hide a nonce from scripts, so that nothing on the page can borrow it.
          />
        ) : null}
      </head>
      <body {...frameFacts(visit, told)}>{children}</body>
    </html>
  )
}

function frameFacts({ frame }: Visit, told: Told | null = null) {
  if (!frame) return {}
  return { 'data-frame': frame.isDialog ? 'dialog' : 'page', 'data-told': told ? JSON.stringify(told) : undefined }
}

/** What only the script can do isn't offered, and the test cards' numbers can be selected. */
const SCRIPTLESS_RULES = '.scripted.scripted{display:none}.tests button{cursor:text;user-select:text}'

function accentRules(accent: string, theme: Theme): string {
  const rule = (scheme: 'light' | 'dark') => `:root{--accent:${readableAccent(accent, scheme)}}`
  if (theme !== 'auto') return rule(theme)
  return `${rule('light')}@media (prefers-color-scheme:dark){${rule('dark')}}`
}

export function initialOf(name: string): string {
  return [...name.trim()][0]?.toLocaleUpperCase() ?? '·'
}

/** The store's initial on its colour, as a data URI: no request, no icon set. */
function favicon(name: string, colour: string): string {
  const initial = initialOf(name).replace(/[<&]/g, '')
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colour}"/>` +
    `<text x="16" y="22" font-family="system-ui,sans-serif" font-size="17" font-weight="600" text-anchor="middle" fill="#fff">${initial}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

/** The store's logo, or its initial. Decorative: the name always stands beside it. */
export function StoreMark({ store }: { store: StoreFace }) {
  if (store.logoUrl) {
    return <img class="mark" src={store.logoUrl} alt="" width="40" height="40" referrerpolicy="no-referrer" />
  }
  return (
    <span class="mark" aria-hidden="true">
      {initialOf(store.name)}
    </span>
  )
}

export function TestBadge({ visit, isTest }: { visit: Visit; isTest: boolean }) {
  return isTest ? <span class="badge">{visit.texts.test}</span> : null
}
