import type { NodemailerError, Transporter } from 'nodemailer'
import type { Mail, Mailer, MailOutcome } from '../ports/mailer'
import { SEND_TIMEOUT_MS } from '../ports/mailer'

export type SmtpSettings = {
  /** `smtp://` or `smtps://`, with the credentials in it; options of nodemailer may follow, such as `?requireTLS=true`. */
  url: string
  /** The address that all mail comes from. */
  from: string
}

const CONNECTIONS = 5
const CONNECT_TIMEOUT_MS = 10_000
const QUIET_TIMEOUT_MS = 30_000

/** Commands whose refusal is about the message or its recipient. A refused log-in or sender is the operator's to mend. */
const OF_THE_MESSAGE = /^(RCPT TO|DATA|BDAT)\b/

/** Nothing that could be read as a second address, or as another line of the conversation with the mail server. */
const ONE_ADDRESS = /^[^\s\p{Cc}<>()[\]\\,;:"@]+@[^\s\p{Cc}<>()[\]\\,;:"@]+$/u

/** What goes to one mail server, over a few connections that are kept. */
export function createSmtpMailer({ url, from }: SmtpSettings): Mailer {
  // Loaded with the first message: a server that sends none saves its 20 MB.
  let transport: Promise<Transporter> | undefined
  return {
    send: async (mail) => {
      if (!ONE_ADDRESS.test(mail.to)) return { kind: 'refused', error: 'This is not one e-mail address.' }
      try {
        transport ??= openTransport(url)
        const signal = AbortSignal.timeout(SEND_TIMEOUT_MS)
        await (await transport).sendMail({ ...toMessage(mail, from), signal })
        return { kind: 'accepted' }
      } catch (error) {
        return outcomeOf(error)
      }
    },
    close: () => void transport?.then((open) => open.close()),
  }
}

async function openTransport(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  return createTransport({
    pool: true,
    maxConnections: CONNECTIONS,
    // A message whose connection broke may have arrived: whether it is sent again is the outbox's decision.
    maxRequeues: 0,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: QUIET_TIMEOUT_MS,
    requireTLS: sendsPasswordAbroad(url),
    // What the URL says comes last, and wins.
    url,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** A password leaves this machine only encrypted, unless the URL says `?requireTLS=false`. */
function sendsPasswordAbroad(url: string): boolean {
  const { password, hostname } = new URL(url)
  return password !== '' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}

function toMessage(mail: Mail, from: string) {
  const domain = from.slice(from.lastIndexOf('@') + 1)
  const messageId = (id: string) => `<${id}@${domain}>`
  const related = mail.belongsTo === null ? {} : { references: messageId(mail.belongsTo) }
  return {
    // As objects, which nodemailer doesn't search for further addresses.
    from: { name: mail.fromName, address: from },
    to: { name: '', address: mail.to },
    replyTo: mail.replyTo === null ? undefined : { name: mail.fromName, address: mail.replyTo },
    envelope: { from, to: [mail.to] },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    date: mail.at,
    messageId: messageId(mail.id),
    ...related,
    // RFC 3834: nobody's absence note is to be sent in answer.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  }
}

function outcomeOf(error: unknown): MailOutcome {
  const { message = String(error), response, command, permanent } = error as Partial<NodemailerError>
  const said = oneLine(response ?? message)
  const isOfMessage = OF_THE_MESSAGE.test(command ?? '')
  if (isOfMessage && permanent === true) return { kind: 'refused', error: said }
  return { kind: 'unsent', error: said, isOfMessage }
}

const MAX_ERROR_LENGTH = 500

/** A mail server's words are a stranger's: they go into the log and into answers. */
function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, MAX_ERROR_LENGTH)
}
