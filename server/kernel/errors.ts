/**
 * The one map from an error's code to what each door says: the HTTP status, the tRPC code, and whether the same call may
 * succeed later without a change. A service throws `new AppError(code, …)`; the doors only render.
 */
export const ERRORS = {
  invalid_request: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  amount_too_small: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  amount_not_chargeable: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  currency_not_chargeable: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  malformed_json: { status: 400, trpc: 'PARSE_ERROR', retryable: false },
  no_address_configured: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  network_not_enabled: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  unknown_event: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  webhook_url_refused: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  unauthorized: { status: 401, trpc: 'UNAUTHORIZED', retryable: false },
  plan_limit_reached: { status: 402, trpc: 'PAYMENT_REQUIRED', retryable: false },
  insufficient_balance: { status: 402, trpc: 'PAYMENT_REQUIRED', retryable: false },
  payment_declined: { status: 402, trpc: 'PAYMENT_REQUIRED', retryable: false },
  missing_scope: { status: 403, trpc: 'FORBIDDEN', retryable: false },
  account_not_approved: { status: 403, trpc: 'FORBIDDEN', retryable: false },
  operator_only: { status: 403, trpc: 'FORBIDDEN', retryable: false },
  billing_not_enabled: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  topup_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  store_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  key_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  product_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  variant_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  coupon_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  order_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  session_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  dispute_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  delivery_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  event_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  email_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  webhook_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  license_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  address_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  payment_not_found: { status: 404, trpc: 'NOT_FOUND', retryable: false },
  method_not_allowed: { status: 405, trpc: 'METHOD_NOT_SUPPORTED', retryable: false },
  idempotency_in_flight: { status: 409, trpc: 'CONFLICT', retryable: true },
  address_taken: { status: 409, trpc: 'CONFLICT', retryable: false },
  address_held: { status: 409, trpc: 'CONFLICT', retryable: true },
  payment_not_cancellable: { status: 409, trpc: 'CONFLICT', retryable: false },
  store_not_connected: { status: 409, trpc: 'CONFLICT', retryable: false },
  product_not_available: { status: 409, trpc: 'CONFLICT', retryable: false },
  order_not_paid: { status: 409, trpc: 'CONFLICT', retryable: false },
  coupon_exists: { status: 409, trpc: 'CONFLICT', retryable: false },
  order_not_refundable: { status: 409, trpc: 'CONFLICT', retryable: false },
  order_not_disputable: { status: 409, trpc: 'CONFLICT', retryable: false },
  order_disputed: { status: 409, trpc: 'CONFLICT', retryable: false },
  dispute_closed: { status: 409, trpc: 'CONFLICT', retryable: false },
  order_already_paid: { status: 409, trpc: 'CONFLICT', retryable: false },
  payment_in_progress: { status: 409, trpc: 'CONFLICT', retryable: true },
  session_expired: { status: 409, trpc: 'CONFLICT', retryable: false },
  license_revoked: { status: 409, trpc: 'CONFLICT', retryable: false },
  license_expired: { status: 409, trpc: 'CONFLICT', retryable: false },
  activation_limit_reached: { status: 409, trpc: 'CONFLICT', retryable: false },
  webhook_disabled: { status: 409, trpc: 'CONFLICT', retryable: false },
  webhook_exists: { status: 409, trpc: 'CONFLICT', retryable: false },
  body_too_large: { status: 413, trpc: 'PAYLOAD_TOO_LARGE', retryable: false },
  url_too_long: { status: 414, trpc: 'BAD_REQUEST', retryable: false },
  unsupported_media_type: { status: 415, trpc: 'UNSUPPORTED_MEDIA_TYPE', retryable: false },
  idempotency_conflict: { status: 422, trpc: 'UNPROCESSABLE_CONTENT', retryable: false },
  coupon_not_applicable: { status: 422, trpc: 'UNPROCESSABLE_CONTENT', retryable: false },
  refund_exceeds_payment: { status: 422, trpc: 'UNPROCESSABLE_CONTENT', retryable: false },
  rate_limited: { status: 429, trpc: 'TOO_MANY_REQUESTS', retryable: true },
  internal_error: { status: 500, trpc: 'INTERNAL_SERVER_ERROR', retryable: true },
  gateway_failed: { status: 502, trpc: 'BAD_GATEWAY', retryable: true },
  all_addresses_held: { status: 503, trpc: 'SERVICE_UNAVAILABLE', retryable: true },
  rate_unavailable: { status: 503, trpc: 'SERVICE_UNAVAILABLE', retryable: true },
  crypto_not_offered: { status: 400, trpc: 'BAD_REQUEST', retryable: false },
  topup_unavailable: { status: 503, trpc: 'SERVICE_UNAVAILABLE', retryable: true },
  gateway_not_configured: { status: 503, trpc: 'SERVICE_UNAVAILABLE', retryable: false },
  unavailable: { status: 503, trpc: 'SERVICE_UNAVAILABLE', retryable: true },
} as const satisfies Record<string, { status: number; trpc: string; retryable: boolean }>

export type ErrorCode = keyof typeof ERRORS

type Details = {
  /** The input field at fault, as the caller wrote it (`price_cents`, `events.0`). */
  field?: string | undefined
  /** What to do next, in one sentence, when the message alone doesn't say it. */
  hint?: string | undefined
  /** How long to wait before the same call may succeed. */
  retryAfterSeconds?: number | undefined
  cause?: unknown
}

/** What a caller is told. Its message says what was wrong and what to do; it never holds a stack, SQL or a secret. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly field: string | undefined
  readonly hint: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: Details = {},
  ) {
    super(message, { cause: details.cause })
    this.field = details.field
    this.hint = details.hint
    this.retryAfterSeconds = details.retryAfterSeconds
  }

  get status() {
    return ERRORS[this.code].status
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

/** The words of an error on the canonical doors; `error` is the message, so that a client of document A reads it too. */
export function toErrorBody(error: AppError) {
  return {
    error: error.message,
    code: error.code,
    field: error.field ?? null,
    hint: error.hint ?? null,
    retryable: error.retryable,
  }
}
