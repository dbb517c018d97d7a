import * as z from 'zod'
import { DECLINE_CODES, type NoticeSubject } from '../../ports/gateway'

const Subject = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('page'), page: z.string() }),
  z.object({ kind: z.literal('charge'), reference: z.string() }),
  z.object({ kind: z.literal('decline'), reference: z.string(), code: z.enum(DECLINE_CODES).nullable() }),
  z.object({ kind: z.literal('dispute'), id: z.string() }),
  z.object({ kind: z.literal('account'), account: z.string() }),
])

/** As it was kept. */
export function parseSubject(stored: Record<string, unknown>): NoticeSubject {
  return Subject.parse(stored)
}
