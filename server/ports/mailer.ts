/** Hands messages to a mail server, one recipient each. */

export type Mail = {
  /** A UUID. The Message-ID is made of it: the same message sent twice can be told by it. */
  id: string
  /** The id of an earlier mail that this one belongs to, or null. */
  belongsTo: string | null
  /** Shown as the sender; the address is the operator's. */
  fromName: string
  /** Where answers go; null for the sender's address. */
  replyTo: string | null
  to: string
  subject: string
  text: string
  html: string
  at: Date
}

export type MailOutcome =
  | { kind: 'accepted' }
  /** The mail server has said that it won't take this message or this recipient, however often it is asked. */
  | { kind: 'refused'; error: string }
  /** It may go through later. After a connection that broke it may even have gone through. */
  | {
      kind: 'unsent'
      error: string
      /** The mail server has said so of this message or recipient: others may go through meanwhile. */
      isOfMessage: boolean
    }

export interface Mailer {
  /** Never throws. It ends within `SEND_TIMEOUT_MS`. */
  send(mail: Mail): Promise<MailOutcome>
  /** Lets go of idle connections. */
  close(): void
}

export const SEND_TIMEOUT_MS = 60_000
