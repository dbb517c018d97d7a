/** Sends one webhook request to an address that was checked; never follows a redirect. */

export type SendRequest = {
  url: string
  /** Of a test key: only such a request may go over http, and only where the operator allows it. */
  isTest: boolean
  headers: Record<string, string>
  body: string
  timeoutMs: number
}

export type SendOutcome =
  | { kind: 'answered'; status: number; headers: Record<string, string>; body: string; durationMs: number }
  /** `refused` is an address that may not be called; `network` is a connection, TLS or time-out failure. */
  | { kind: 'refused' | 'network'; error: string; durationMs: number }

export interface Sender {
  send(request: SendRequest): Promise<SendOutcome>
  /** Why this URL may not be called, in words for its owner, or undefined when it may. Resolves its name. */
  refusal(target: Pick<SendRequest, 'url' | 'isTest'>): Promise<string | undefined>
}
