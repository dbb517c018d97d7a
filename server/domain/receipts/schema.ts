import * as z from 'zod'
import { Email as EmailAddress, Instant, NextCursor, PageInput } from '../../kernel/wire'
import { OrderRef } from '../orders/schema'

const KINDS = ['receipt', 'refund', 'notice'] as const
const STATUSES = ['queued', 'sent', 'failed'] as const

const EmailStatus = z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`)

export const Email = z.object({
  id: z.uuid().describe('Its Message-ID begins with it'),
  kind: z.enum(KINDS).describe('receipt: of a paid order; refund: that money was given back; notice: to you'),
  order_id: z.uuid().nullable(),
  refund_id: z.uuid().nullable(),
  to: z.string(),
  subject: z.string(),
  status: EmailStatus.describe(
    'queued: it will be sent, or stays here on a server without a mail server; failed: given up',
  ),
  attempts: z.int().describe('Tries so far, one under way included'),
  error: z.string().nullable().describe('What the mail server said last, or why it was given up'),
  next_attempt_at: Instant.nullable().describe('When it is tried next; null when it ended or nothing is sent'),
  created_at: Instant,
  finished_at: Instant.nullable().describe('When the mail server took it, or it was given up'),
})
export type Email = z.infer<typeof Email>

export const EmailDetail = Email.extend({
  text: z.string().describe('The plain part; as it was sent, or would be sent now'),
  html: z.string().describe('The HTML part'),
})
export type EmailDetail = z.infer<typeof EmailDetail>

export const EmailQuery = z.strictObject({
  ...PageInput,
  order_id: OrderRef.shape.id.optional().describe('E-mails about this order only'),
  status: EmailStatus.optional().describe('Leave out for all'),
})
export type EmailQuery = z.infer<typeof EmailQuery>

export const EmailPage = z.object({
  emails: z.array(Email),
  sends_email: z.boolean().describe('False: this server has no mail server (SMTP_URL), and e-mails stay queued'),
  next_cursor: NextCursor,
})

export const EmailRef = z.strictObject({ id: z.string().describe('The uuid of the e-mail') })

export const ReceiptResend = z.strictObject({
  ...OrderRef.shape,
  email: EmailAddress.optional().describe("Where to; the order's address unless said"),
})
export type ReceiptResend = z.infer<typeof ReceiptResend>
