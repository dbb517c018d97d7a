import ipaddr from 'ipaddr.js'
import { remembered } from '../kernel/remembered'

/**
 * `private` addresses may be called where the operator allows it (development); `forbidden` ones never: link-local and with it
 * the metadata services of clouds, unspecified, multicast, reserved, and every form that carries another address inside.
 */
export type Reach = 'public' | 'private' | 'forbidden'

/** Ranges of ipaddr.js that a developer's receiver may have. */
const PRIVATE_RANGES: readonly string[] = ['loopback', 'private', 'uniqueLocal']

/** Inside the public range, yet answered by the cloud's own host: Azure's wire server. */
const CLOUD_HOSTS: readonly string[] = ['168.63.129.16']

/** All global unicast IPv6 there is (RFC 4291, IANA). ipaddr.js calls `::127.0.0.1` and other unassigned forms unicast too. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/** Where an IP address leads. An IPv4 address inside an IPv6 one (`::ffff:127.0.0.1`) is judged as the IPv4 address. */
export const reachOf = remembered(1_000, (address): Reach => {
  if (!ipaddr.isValid(address)) return 'forbidden'
  const parsed = ipaddr.process(address)
  const range = parsed.range()
  if (PRIVATE_RANGES.includes(range)) return 'private'
  if (range !== 'unicast' || CLOUD_HOSTS.includes(parsed.toString())) return 'forbidden'
  if (parsed.kind() === 'ipv6' && !parsed.match(GLOBAL_IPV6)) return 'forbidden'
  return 'public'
})

/** The address to connect to: an IPv4-mapped one as the IPv4 address that was judged. */
export const plainAddress = remembered(1_000, (address) => ipaddr.process(address).toString())

export type Target = {
  url: URL
  /** Set when the URL names an address instead of a host. */
  literal: string | undefined
}

/** What the public must not be asked for, and a developer may need. */
export type Allowed = { allowPrivate: boolean; allowHttp: boolean }

/**
 * What a URL points at, from its text alone, or why it may not be called. Numbers dressed up as hosts (`2130706433`, `0x7f.1`,
 * `0177.0.0.1`, `[::ffff:127.0.0.1]`) are refused wherever they lead: nobody honest writes them.
 */
export function readTarget(text: string, { allowPrivate, allowHttp }: Allowed): Target | { refusal: string } {
  const url = URL.parse(text)
  const written = /^https?:\/\/([^/?#\\\s]+)/i.exec(text)?.[1]
  if (!url || !written) return { refusal: 'It must be an https URL such as https://example.com/webhooks.' }
  if (url.protocol === 'http:' && !allowHttp) {
    return { refusal: 'It must begin with https://, so that nobody on the way can read the events.' }
  }
  if (url.username !== '' || url.password !== '' || written.includes('@')) {
    return { refusal: 'It must not hold a user name or password; check the signature of the events instead.' }
  }
  const literal = literalOf(url.hostname)
  if (literal === undefined) return { url, literal }
  const isPlain = url.hostname.startsWith('[') || written.replace(/:\d*$/, '') === url.hostname
  if (!isPlain || ipaddr.parse(literal).toString() !== plainAddress(literal)) {
    return { refusal: 'Its address is written in an unusual form. Use a host name such as example.com.' }
  }
  const refusal = refusalOf([literal], allowPrivate)
  return refusal === undefined ? { url, literal } : { refusal }
}

/** The WHATWG parser has already turned every numeric form into dotted IPv4 or bracketed IPv6. */
function literalOf(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return ipaddr.isValid(bare) ? bare : undefined
}

/** Why these addresses may not be called: one bad address among good ones is enough, since any of them may answer. */
export function refusalOf(addresses: readonly string[], allowPrivate: boolean): string | undefined {
  const reaches = addresses.map(reachOf)
  if (reaches.includes('forbidden')) return 'Its host leads to an address that is reserved or local to a network.'
  if (!allowPrivate && reaches.includes('private')) {
    return 'Its host leads to a private or loopback address. Webhooks go to public addresses only.'
  }
  return undefined
}
