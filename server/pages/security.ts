/** What a page may reach beside our own server. */
export type Reach = {
  /** Where the form's redirects may end: Chromium checks `form-action` on each of them. */
  successUrl?: string | null
  /** The store's logo is the one thing that a page loads from elsewhere, without telling it from where. */
  logoUrl?: string | null
  /** Its script asks us for what has changed. */
  isLive?: boolean
}

/**
 * The headers of every page. Nothing of a checkout may be cached, sniffed, leaked by a Referer, or framed, unless it is one that is
 * made for frames: of any shop, and of a page that its author opens as a file.
 */
export function pageHeaders(nonce: string, reach: Reach = {}, mayBeFramed = false): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    ...(reach.isLive ? ["connect-src 'self'"] : []),
    ['img-src', 'data:', ...originOf(reach.logoUrl)].join(' '),
    ['form-action', "'self'", ...originOf(reach.successUrl)].join(' '),
    mayBeFramed ? 'frame-ancestors * file:' : "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return {
    'Content-Security-Policy': policy.join('; '),
    'Cache-Control': 'no-store',
    // Not `no-referrer`: with it, browsers send `Origin: null` with our own forms.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    ...(mayBeFramed ? {} : { 'X-Frame-Options': 'DENY' }),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'X-Robots-Tag': 'noindex',
  }
}

/** An origin is free of spaces and semicolons, so that a seller's URL can't add a directive. */
function originOf(url: string | null | undefined): string[] {
  const parsed = URL.parse(url ?? '')
  return parsed && /^https?:$/.test(parsed.protocol) ? [parsed.origin] : []
}
