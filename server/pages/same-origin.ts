/**
 * Whether a form post came from our own pages. Browsers say so in `Sec-Fetch-Site` (on https and loopback) and in `Origin`;
 * a post that says neither is no browser of a buyer, and is refused too.
 */
export function isSameOrigin(headers: Headers, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = URL.parse(headers.get('origin') ?? '')
  if (!origin) return false
  // A proxy may hide the scheme and, without PUBLIC_URL, the name that the buyer used; `Host` is the name that it asked for.
  return origin.origin === new URL(publicUrl).origin || origin.host === headers.get('host')
}
