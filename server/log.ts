import pino from 'pino'
import type { Config } from './config'
import type { Log } from './context'

/** Fields whose value is never written, wherever a log line has them at its top or one level below. */
const SECRET_FIELDS = [
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
]

export type ServerLog = Log & {
  /** Writes what is still in memory; for the end of the process. */
  flush(): void
}

/**
 * JSON lines on standard error: standard output is for people (the start message) and, with the stdio door, for the protocol.
 * Lines are written when the event loop has a moment, so that a busy request doesn't wait for the disk.
 */
export function createLog(level: Config['logLevel']): ServerLog {
  const destination = pino.destination({ dest: 2, sync: false })
  const log = pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[secret]' },
    },
    destination,
  )
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    flush: () => destination.flushSync(),
  }
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
