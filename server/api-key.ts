import { createHash, timingSafeEqual } from 'node:crypto'

/** The key of a request, in whichever header it came: every path takes both. */
export function readApiKey(headers: Headers): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1]
  return bearer ?? headers.get('x-api-key')?.trim() ?? undefined
}

/** Compared in constant time. False where the operator has set no key. */
export function isOperatorKey(apiKey: string | undefined, adminKey: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return apiKey !== undefined && adminKey !== undefined && timingSafeEqual(digest(apiKey), digest(adminKey))
}
