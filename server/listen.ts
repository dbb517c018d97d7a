import { createHmac } from 'node:crypto'
import { parseArgs } from 'node:util'
import { EVENT_TYPES, isEventType } from './domain/webhooks/catalogue'
import { TIMEOUT_MS } from './domain/webhooks/deliver'
import { signRequest } from './domain/webhooks/formats'
import { nearestEventTypes } from './domain/webhooks/nearest'
import { type FeedEvent, ListenError, newEvents, reasonOf } from './event-feed'
import type { Clock } from './kernel/clock'
import { exponentOf, formatDecimal, isCurrency } from './kernel/money'

/** `listen`: the events of a running server in the terminal, and on their way to a server on this machine. */

export type ListenOptions = {
  /** Where events are posted to. */
  forward: URL | undefined
  /** Event types; all when empty. */
  events: readonly string[]
  json: boolean
}

/** Throws ListenError on what it doesn't know, with what was meant where that can be guessed. */
export function parseListenOptions(args: string[]): ListenOptions {
  const values = readArguments(args)
  const events = (values.events ?? '').split(',').map((name) => name.trim())
  return {
    forward: values.forward === undefined ? undefined : parseForward(values.forward),
    events: [...new Set(events.filter((name) => name !== ''))].map(knownEvent),
    json: values.json ?? false,
  }
}

function readArguments(args: string[]) {
  try {
    const options = { forward: { type: 'string' }, events: { type: 'string' }, json: { type: 'boolean' } } as const
    return parseArgs({ args, options }).values
  } catch (error) {
    const [line = ''] = error instanceof Error ? error.message.split('\n') : []
    throw new ListenError(`${line.replace(/\.? To specify.*$|\.$/, '')}. See --help.`)
  }
}

function parseForward(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new ListenError(`--forward ${text}: must be an http or https URL such as http://localhost:4000/hooks.`)
}

function knownEvent(name: string): string {
  if (isEventType(name)) return name
  const near = nearestEventTypes(name)
  const meant = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `The events are: ${EVENT_TYPES.join(', ')}.`
  throw new ListenError(`--events: there is no event "${name}". ${meant}`)
}

export type Listening = ListenOptions & {
  /** Without a trailing slash. */
  server: string
  apiKey: string | undefined
  clock: Clock
  signal: AbortSignal
  /** A line about an event. */
  print(line: string): void
  /** A line about the listening itself, which a program that reads the events shouldn't have to tell from them. */
  note(line: string): void
}

/** Shows and forwards events, in order and one at a time, until the signal. Throws ListenError. */
export async function listen({ server, apiKey, events, ...listening }: Listening): Promise<void> {
  const { forward, json, signal, print, note } = listening
  if (!apiKey) {
    throw new ListenError(
      'listen needs PAYHOOK_API_KEY: a key of the store whose events you want, such as the test key that the first start printed.',
    )
  }
  const secret = listenSecret(apiKey)
  // A key sees the events of its own mode only.
  const isTest = apiKey.startsWith('sk_test_')
  let isIntroduced = false
  const introduce = (line: string) => {
    note(line)
    if (forward && !isIntroduced) note(`Forwarding to ${forward}, signed with the secret ${secret}`)
    isIntroduced = true
  }
  let number = 0
  for await (const event of newEvents({ server, apiKey, types: events, signal, note: introduce })) {
    if (events.length > 0 && !events.includes(event.type)) continue
    if (!json) print(eventLine(event, isTest))
    const answer = forward && (await send(event, forward, { secret, number: ++number, ...listening }))
    if (signal.aborted) return
    if (json) print(JSON.stringify({ ...event, is_test: isTest, forwarded: answer ?? null }))
    else if (answer) print(answerLine(answer, forward))
  }
}

/**
 * What forwarded requests are signed with: a secret of this key's own, the same whenever it listens, so that a receiver is set
 * up once. Nothing has to be kept for it, and the key can't be told from it.
 */
export function listenSecret(apiKey: string): string {
  return `whsec_${createHmac('sha256', apiKey).update('payhook listen').digest('base64')}`
}

type Answer = { status: number | null; error: string | null; duration_ms: number }
type Sending = { secret: string; number: number; clock: Clock; signal: AbortSignal }

/** The request that an endpoint would get, byte for byte, but once: who is at the terminal sees what went wrong. */
async function send(event: FeedEvent, url: URL, { secret, number, clock, signal }: Sending): Promise<Answer> {
  const { id, type, data, created_at } = event
  const signing = { secrets: [secret] as const, deliveryNumber: number, at: clock.now() }
  const { body, headers } = signRequest({ id, type, data, createdAt: new Date(created_at) }, signing)
  const startedAt = performance.now()
  const took = () => Math.round(performance.now() - startedAt)
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: limit })
    await response.body?.cancel()
    return { status: response.status, error: null, duration_ms: took() }
  } catch (error) {
    return { status: null, error: reasonOf(error), duration_ms: took() }
  }
}

function eventLine(event: FeedEvent, isTest: boolean): string {
  const time = new Date(event.created_at).toTimeString().slice(0, 8)
  const parts = [time, event.type.padEnd(18), event.id, ...summary(event.data)]
  return printable([...parts, ...(isTest ? ['(test)'] : [])].join('  '))
}

function answerLine({ status, error, duration_ms }: Answer, url: URL | undefined): string {
  return printable(`          → ${status ?? `no answer (${error})`} from ${url} in ${duration_ms} ms`)
}

/** How much and whose, in whichever fields the event has it. */
function summary(data: Record<string, unknown>): string[] {
  const email = data.buyer_email ?? data.customer_email
  return [money(data), typeof email === 'string' ? email : undefined].filter((part) => part !== undefined)
}

function money({ amount_cents: minor, amount, currency }: Record<string, unknown>): string | undefined {
  if (typeof currency !== 'string') return undefined
  const code = currency.toLowerCase()
  if (typeof minor === 'number' && Number.isSafeInteger(minor) && isCurrency(code)) {
    return `${formatDecimal(BigInt(minor), code)} ${code.toUpperCase()}`
  }
  if (typeof amount === 'number' && isCurrency(code)) return `${amount.toFixed(exponentOf(code))} ${code.toUpperCase()}`
  return typeof amount === 'string' ? `${amount} ${currency}` : undefined
}

/** Buyers choose some of these words, and a terminal obeys control characters. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '�')
}
