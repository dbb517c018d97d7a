import pino from 'pino'
import type { Config } from './config'
import type { Log } from './context'

/** Fields whose value is never written, wherever a log line has them at its top or one level below. */
const SECRET_FIELDS = new Set([
  'authorization',
  'cookie',
  'x-api-key',
  'api_key',
  'apiKey',
  'test_api_key',
  'adminKey',
  'secret',
  'webhook_signing_key',
  'signingSecret',
  'card',
  'number',
  'cvc',
])

export type ServerLog = Log & {
  /** Ends when every line so far has been written. */
  written(): Promise<void>
  /** Writes what is still in memory, for an end that can't wait; not what is being written at that moment. */
  flush(): void
}

/** Lines wait for each other this long, or until there is so much: a write for each was an eighth of a request. */
const FLUSH_MS = 200
const FLUSH_CHARS = 16_384

/**
 * JSON lines on standard error: standard output is for people (the start message) and, with the stdio door, for the protocol.
 */
export function createLog(level: Config['logLevel'], destination: Destination = collecting(2)): ServerLog {
  const log = pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => redact(fields, 1) },
      serializers: { err: describeError },
    },
    destination,
  )
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    written: () => destination.written(),
    flush: () => destination.flushSync(),
  }
}

export type Destination = { write(line: string): unknown; written(): Promise<void>; flushSync(): void }

/** Collects lines before pino's writer, which measures all that it holds again for each line that it is handed. */
export function collecting(dest: string | number): Destination {
  const writer = pino.destination({ dest, sync: false })
  let lines = ''
  let timer: Timer | undefined
  let isWriting = false
  writer.on('drain', () => {
    isWriting = false
  })
  const handOver = () => {
    clearTimeout(timer)
    timer = undefined
    if (lines === '') return
    isWriting = true
    writer.write(lines)
    lines = ''
  }
  return {
    write: (line) => {
      lines += line
      if (lines.length >= FLUSH_CHARS) handOver()
      else timer ??= setTimeout(handOver, FLUSH_MS).unref()
    },
    written: () => {
      handOver()
      return isWriting ? new Promise((resolve) => writer.once('drain', resolve)) : Promise.resolve()
    },
    flushSync: () => {
      handOver()
      writer.flushSync()
    },
  }
}

/** pino's own redaction parses its paths again for every line, at ten times the cost of these few comparisons. */
function redact(fields: Record<string, unknown>, levelsBelow: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (SECRET_FIELDS.has(name)) shown[name] = '[secret]'
    else if (levelsBelow > 0 && isPlain(value)) shown[name] = redact(value, levelsBelow - 1)
    else shown[name] = value
  }
  return shown
}

/** An error is no plain object: `describeError` sees to it. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

const MAX_CAUSES = 5

export type ErrorDescription = { type: string; message: string; code?: string; stack: string; cause?: ErrorDescription }

/**
 * An error as the log keeps it: what and where, and the same of its causes, but no values. The message of a failed query ends
 * with its parameters, which are customers' data and keys, and PostgreSQL's `detail` quotes the row: both stay out.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutSecrets(String(error)), stack: '' }
  const [first = ''] = error.message.split('\nparams: ')
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    message: withoutSecrets(first),
    ...('code' in error ? { code: String(error.code) } : {}),
    stack: frames.join('\n'),
    ...(error.cause !== undefined && depth < MAX_CAUSES ? { cause: describeError(error.cause, depth + 1) } : {}),
  }
}

const SECRETS = /\b(?:sk_(?:live|test)|cs_(?:live|test)|whsec|pk)_[A-Za-z0-9+/=_-]{8,}|\b\d(?:[ -]?\d){12,18}\b/g

/** Keys, sessions, signing secrets and whatever looks like a card number. */
export function withoutSecrets(text: string): string {
  return text.replace(SECRETS, '[secret]')
}
