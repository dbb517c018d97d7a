/** Who calls a method, as the transport knows it. */
export type Caller = {
  /** Quoted in logs and in the answer to an unexpected error. */
  requestId: string
  apiKey: string | undefined
  /** From a header; the argument `idempotency_key` goes before it. */
  idempotencyKey: string | undefined
  /** The client's address, where the transport knows it. */
  address?: string | undefined
}
