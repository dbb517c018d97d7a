import { TRPCError } from '@trpc/server'
import * as z from 'zod'
import { AppError, type ErrorCode } from './kernel/errors'
import { inputWords } from './kernel/input-words'

// Every door words what a schema says nothing of in one way.
z.config({ customError: inputWords })

/** The AppError inside what tRPC throws, or one that says nothing of an unexpected error but its request's id. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof TRPCError) {
    if (error.cause instanceof AppError) return error.cause
    if (error.cause instanceof z.ZodError) return fromZod(error.cause)
    return fromTrpc(error)
  }
  return new AppError('internal_error', 'Something went wrong on our side. Try again.', { cause: error })
}

/** What tRPC itself refuses, before any procedure of ours runs. */
function fromTrpc(error: TRPCError): AppError {
  // Around its own reading of the input, tRPC says BAD_REQUEST with the engine's words for what JSON.parse threw.
  const code = error.code === 'BAD_REQUEST' && error.cause instanceof SyntaxError ? 'PARSE_ERROR' : error.code
  const known = TRPC_REFUSALS[code]
  if (known) return new AppError(known.code, known.message ?? error.message, { cause: error })
  return new AppError('internal_error', 'Something went wrong on our side. Try again.', { cause: error })
}

const TRPC_REFUSALS: Partial<Record<TRPCError['code'], { code: ErrorCode; message?: string }>> = {
  NOT_FOUND: { code: 'not_found', message: 'There is no such procedure. /docs lists them.' },
  PARSE_ERROR: { code: 'malformed_json', message: 'The input is not valid JSON. Check its quotes, commas and braces.' },
  METHOD_NOT_SUPPORTED: { code: 'method_not_allowed' },
  UNSUPPORTED_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    message: 'Send the body as JSON, with the header Content-Type: application/json.',
  },
  BAD_REQUEST: { code: 'invalid_request' },
  PAYLOAD_TOO_LARGE: { code: 'body_too_large' },
}

/** As many further faults as a person reads; an input of thousands must not make an answer of thousands. */
const MAX_ALSO = 10

/** The first thing wrong with an input, named by its field; what else is wrong follows in the hint. */
function fromZod(error: z.ZodError): AppError {
  const lines = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), text: unknownFieldText(issue) }))
      : [{ field: issue.path.join('.'), text: issue.message }],
  )
  const [first, ...rest] = lines
  const say = (line: { field: string; text: string }) => (line.field ? `${line.field}: ${line.text}` : line.text)
  return new AppError('invalid_request', first ? say(first) : 'The input is invalid.', {
    field: first?.field || undefined,
    hint: rest.length > 0 ? `Also: ${rest.slice(0, MAX_ALSO).map(say).join('; ')}` : undefined,
    cause: error,
  })
}

/** A schema may know better why a field isn't taken; zod's own words begin so. */
function unknownFieldText({ message }: { message: string }): string {
  return message.startsWith('Unrecognized key') ? 'is not a known field; remove it' : message
}

/** What a tRPC client reads in `error.data`. */
export function toErrorData(error: AppError, path: string | undefined) {
  return {
    code: error.code,
    httpStatus: error.status,
    path: path ?? null,
    field: error.field ?? null,
    hint: error.hint ?? null,
    retryable: error.retryable,
  }
}
