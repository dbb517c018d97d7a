import ipaddr from 'ipaddr.js'
import * as z from 'zod'

type Network = [ipaddr.IPv4 | ipaddr.IPv6, prefixLength: number]

/** Who may say for whom a request came: reverse proxies of the operator's own. */
export type TrustedProxies = readonly Network[]

/** A client that no proxy names, in the word of RFC 7239. All such clients are one to whoever counts by address. */
export const UNKNOWN_CLIENT = 'unknown'

/** Reads `10.0.0.0/8, 127.0.0.1, ::1`. Throws with what is wrong; a network of everybody is refused, since then anybody is a proxy. */
export function parseTrustedProxies(text: string): TrustedProxies {
  const parts = text.split(',').map((part) => part.trim())
  return parts.filter(Boolean).map((part) => {
    const network = readNetwork(part)
    if (!network) throw new Error(`${part} is neither an address nor a network such as 10.0.0.0/8`)
    if (network[1] === 0) throw new Error(`${part} is everybody, who could then claim any address`)
    return network
  })
}

/** The same for the environment, whose mistakes are told together. */
export const ProxyList = z
  .string()
  .default('')
  .transform((text, context): TrustedProxies => {
    try {
      return parseTrustedProxies(text)
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error))
      return z.NEVER
    }
  })

function readNetwork(text: string): Network | undefined {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  if (!isAddress(text)) return undefined
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/**
 * The address of the client that a request is for. `peer` is who connected; only when that is a trusted proxy do the headers count,
 * from the right: each trusted proxy has written down there who connected to it, and whatever stands to the left of the first
 * address that is none of them is what the client claims. Asks for `peer` and headers only where there are proxies.
 */
export function clientAddress(peer: string | undefined, headers: Headers, proxies: TrustedProxies): string | undefined {
  if (proxies.length === 0 || peer === undefined || !isTrusted(peer, proxies)) return peer
  const hops = hopsOf(headers)
  if (hops === undefined) return peer
  let client = peer
  for (const hop of hops.reverse()) {
    const address = readHop(hop)
    if (address === undefined) return UNKNOWN_CLIENT
    client = address
    if (!isTrusted(address, proxies)) break
  }
  // Who owns this machine needs no limits, but a proxy that hands on what clients claim must not lend them that.
  return ipaddr.process(client).range() === 'loopback' ? UNKNOWN_CLIENT : client
}

/**
 * The addresses of `X-Forwarded-For` or of `Forwarded` (RFC 7239). A proxy writes one of them and may hand on the other as the
 * client sent it: where both came, the last hops have to agree.
 */
function hopsOf(headers: Headers): string[] | undefined {
  const common = headers.get('x-forwarded-for')?.split(',')
  const standard = headers.get('forwarded')?.split(',').map(forOf)
  if (!common || !standard) return common ?? standard
  const [one, other] = [readHop(common.at(-1) ?? ''), readHop(standard.at(-1) ?? '')]
  return one === other ? common : ['']
}

function forOf(element: string): string {
  const pair = /(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;\s]*))/i.exec(element)
  return pair?.[1] ?? pair?.[2] ?? ''
}

/** `203.0.113.7`, `203.0.113.7:4711`, `[2001:db8::1]:4711` or `2001:db8::1`; undefined for anything else. */
function readHop(text: string): string | undefined {
  const plain = text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
  return isAddress(plain) ? ipaddr.process(plain).toString() : undefined
}

/** Not `127.1` or `0x7f000001`, which ipaddr.js reads too. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}

function isTrusted(text: string, proxies: TrustedProxies): boolean {
  const address = ipaddr.process(text)
  return proxies.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
}
