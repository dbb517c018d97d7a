import { lookup } from 'node:dns/promises'
import { remembered } from '../kernel/remembered'
import type { Sender, SendOutcome, SendRequest } from '../ports/sender'
import { type Allowed, plainAddress, readTarget, refusalOf, type Target } from './addresses'
import { readAnswer } from './answer'
import { failureWords, neverConnected } from './failures'
import { createCollector } from './garbage'

/** Every address of a name. Throws what `dns.lookup` throws. */
export type Resolve = (name: string) => Promise<readonly string[]>

export type SenderOptions = {
  /** Lets private addresses pass, and http for test events: development and tests only. */
  allowPrivate: boolean
  resolve?: Resolve
  /** Trusted instead of the well-known authorities, as PEM. */
  certificateAuthority?: string
}

/** How long saving an endpoint waits for its name; sending checks it again anyway. */
const SAVE_LOOKUP_MS = 3_000

/** Whose text was read lately; an endpoint has one, and an order may have one of its own. */
const MANY_URLS = 1_000

/** A name with more addresses than this gets the first ones tried. */
const MAX_ADDRESSES = 4

const resolveBySystem: Resolve = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map((record) => record.address)

/**
 * Sends to an address that was checked, and to no other: it resolves the name itself, refuses it when any of its records isn't
 * public, and connects to the literal address, with the name in `Host` and in TLS. A name that changes its answer between the
 * check and the connection (DNS rebinding) therefore gains nothing. Bun's fetch ignores `agent`, `dispatcher` and look-up hooks,
 * so that this is the only way there that holds.
 */
export function createSender(options: SenderOptions): Sender {
  const resolve = options.resolve ?? resolveBySystem
  const collect = createCollector()
  const reader = (isTest: boolean) => remembered(MANY_URLS, (url) => readTarget(url, allowedTo(isTest, options)))
  const readers = { test: reader(true), live: reader(false) }
  return {
    refusal: ({ url, isTest }) => refusal(url, allowedTo(isTest, options), resolve),
    send: async (request) => {
      const started = performance.now()
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), request.timeoutMs)
      const target = (request.isTest ? readers.test : readers.live)(request.url)
      const outcome = await sendUntil(deadline.signal, target, request, options, resolve)
      clearTimeout(timer)
      const durationMs = Math.round(performance.now() - started)
      collect()
      return { ...outcome, durationMs }
    },
  }
}

/** Undefined too when the name doesn't resolve (yet): that is no danger, and sending will say it in the delivery log. */
async function refusal(url: string, allowed: Allowed, resolve: Resolve): Promise<string | undefined> {
  const target = readTarget(url, allowed)
  if ('refusal' in target) return target.refusal
  if (target.literal !== undefined) return undefined
  const addresses = await abandonable(resolve(target.url.hostname), AbortSignal.timeout(SAVE_LOOKUP_MS)).catch(() => [])
  return refusalOf(addresses, allowed.allowPrivate)
}

/** Real sales are told of over TLS only, whatever the operator allows. */
function allowedTo(isTest: boolean, { allowPrivate }: SenderOptions): Allowed {
  return { allowPrivate, allowHttp: allowPrivate && isTest }
}

type Untimed<T> = T extends unknown ? Omit<T, 'durationMs'> : never

async function sendUntil(
  deadline: AbortSignal,
  target: ReturnType<typeof readTarget>,
  request: SendRequest,
  options: SenderOptions,
  resolve: Resolve,
): Promise<Untimed<SendOutcome>> {
  if ('refusal' in target) return { kind: 'refused', error: target.refusal }
  try {
    const addresses = target.literal ? [target.literal] : await abandonable(resolve(target.url.hostname), deadline)
    const refused = refusalOf(addresses, options.allowPrivate)
    if (refused !== undefined) return { kind: 'refused', error: refused }
    const response = await connect(target, addresses, request, options, deadline)
    return { kind: 'answered', ...(await readAnswer(response, deadline)) }
  } catch (error) {
    if (deadline.aborted) return { kind: 'network', error: `No answer within ${request.timeoutMs / 1_000} s.` }
    return { kind: 'network', error: failureWords(error, target.url.hostname) }
  }
}

/** Goes on to the next address only when nothing was sent to the one before: a request must not arrive twice. */
async function connect(
  target: Target,
  addresses: readonly string[],
  request: SendRequest,
  options: SenderOptions,
  signal: AbortSignal,
): Promise<Response> {
  let failure: unknown
  // IPv4 first: a machine without an IPv6 route would lose a second on each attempt.
  const ordered = addresses.map(plainAddress).sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')))
  for (const address of ordered.slice(0, MAX_ADDRESSES)) {
    try {
      return await fetchPinned(target, address, request, options, signal)
    } catch (error) {
      if (!neverConnected(error)) throw error
      failure = error
    }
  }
  throw failure ?? new Error('the name has no address')
}

function fetchPinned(
  { url, literal }: Target,
  address: string,
  request: SendRequest,
  options: SenderOptions,
  signal: AbortSignal,
): Promise<Response> {
  const host = address.includes(':') ? `[${address}]` : address
  const pinned = `${url.protocol}//${host}${url.port && `:${url.port}`}${url.pathname}${url.search}`
  // A certificate is checked against the name that its owner registered; TLS has no server name for a bare address.
  const serverName = literal === undefined ? { serverName: url.hostname.replace(/\.$/, '') } : {}
  const ca = options.certificateAuthority === undefined ? {} : { ca: options.certificateAuthority }
  return fetch(pinned, {
    method: 'POST',
    // Packed answers are neither asked for nor unpacked: a decompression bomb stays the few bytes that it is.
    headers: { ...request.headers, Host: url.host, 'Accept-Encoding': 'identity' },
    decompress: false,
    body: request.body,
    redirect: 'manual',
    signal,
    tls: { rejectUnauthorized: true, ...serverName, ...ca },
  })
}

/** Stops waiting for what can't be cancelled. */
function abandonable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = () => reject(signal.reason)
    signal.addEventListener('abort', abandon, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon))
  })
}
