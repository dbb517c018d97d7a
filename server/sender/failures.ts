/** What Bun's fetch and resolver call a failure, in words for the owner of the endpoint. The pinned address stays inside. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The receiver refused the connection.',
  ECONNRESET: 'The receiver closed the connection without an answer.',
  EHOSTUNREACH: 'The receiver cannot be reached.',
  ENETUNREACH: 'The receiver cannot be reached.',
  ETIMEDOUT: 'The connection timed out.',
  ResponseHeadersTooLarge: 'The receiver answered with too many headers.',
  CERT_HAS_EXPIRED: "The receiver's TLS certificate has expired.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "The receiver's TLS certificate is self-signed.",
  SELF_SIGNED_CERT_IN_CHAIN: "The receiver's TLS certificate comes from an unknown authority.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "The receiver's TLS certificate comes from an unknown authority.",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "The receiver's TLS certificate comes from an unknown authority.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The receiver's TLS certificate is for another name.",
}

const NAME_FAILURES: readonly string[] = ['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'ESERVFAIL', 'DNS_ENOTFOUND']

export function failureWords(error: unknown, hostname: string): string {
  const code = codeOf(error)
  if (NAME_FAILURES.includes(code)) return `The name ${hostname} does not resolve.`
  return WORDS[code] ?? `The connection failed (${code || 'unknown reason'}).`
}

/** True when not a byte of the request can have arrived. */
export function neverConnected(error: unknown): boolean {
  return ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'].includes(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
