import { router, storeProcedure } from '../../trpc'
import { concealedFrom } from '../keys/concealed'
import { EmailDetail, EmailPage, EmailQuery, EmailRef, ReceiptResend } from './schema'
import { getEmail, listEmails, resendReceipt } from './service'

export const emailsRouter = router({
  list: storeProcedure
    .meta({
      tool: 'list_emails',
      title: 'List e-mails',
      summary: 'The receipts and refund notices for your buyers, newest first: queued, sent and failed ones.',
      scope: 'orders:read',
      rest: 'GET /v1/emails',
    })
    .input(EmailQuery.prefault({}))
    .output(EmailPage)
    .query(({ ctx, input }) => listEmails(ctx, input)),

  get: storeProcedure
    .meta({
      tool: 'get_email',
      title: 'Show an e-mail',
      summary: 'One e-mail to a buyer with its text and HTML.',
      scope: 'orders:read',
      rest: 'GET /v1/emails/{id}',
    })
    .input(EmailRef)
    .output(EmailDetail)
    .query(async ({ ctx, input }) => concealedFrom(ctx.credential, await getEmail(ctx, input.id))),

  resend_receipt: storeProcedure
    .meta({
      tool: 'resend_receipt',
      title: 'Send a receipt again',
      summary:
        "Sends the receipt of a paid order again, to the buyer's address or another one. It says what was refunded by now.",
      scope: 'orders:write',
      rest: 'POST /v1/orders/{id}/resend_receipt',
    })
    .input(ReceiptResend)
    .output(EmailDetail)
    .mutation(async ({ ctx, input }) => concealedFrom(ctx.credential, await resendReceipt(ctx, input))),
})
