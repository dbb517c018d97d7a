import type { AddressInfo, Socket } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export type ReceivedMail = {
  from: string
  to: string[]
  /** As it came over the wire. */
  source: string
  mail: Email
}

/** What the server says of a recipient, and of a message when it has all of it: a code such as 451, or nothing for yes. */
export type Manners = {
  recipient?: (address: string) => number | undefined
  message?: (received: ReceivedMail) => number | undefined | Promise<number | undefined>
}

export type MailServer = {
  url: string
  port: number
  /** Every message that it has got, those included that it then refused. */
  received: ReceivedMail[]
  behave(manners: Manners): void
  /** Cuts every connection, in the middle of whatever is said. */
  hangUp(): void
  close(): Promise<void>
}

/** A real SMTP server on loopback, on a free port or the given one. */
export async function startMailServer(port = 0, options: SMTPServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = []
  const sockets = new Set<Socket>()
  let manners: Manners = {}
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => done(refusal(manners.recipient?.(address))),
    onData: async (stream, { envelope }, done) => {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      const source = Buffer.concat(chunks).toString()
      const { mailFrom, rcptTo } = envelope
      const from = mailFrom === false ? '' : mailFrom.address
      const one = { from, to: rcptTo.map(({ address }) => address), source, mail: await PostalMime.parse(source) }
      received.push(one)
      done(refusal(await manners.message?.(one)))
    },
    ...options,
  })
  server.server.on('connection', (socket: Socket) => void sockets.add(socket))
  // A client that goes away in the middle is no event for a test.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const bound = (server.server.address() as AddressInfo).port
  return {
    url: `smtp://127.0.0.1:${bound}`,
    port: bound,
    received,
    behave: (next) => {
      manners = next
    },
    hangUp: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

function refusal(responseCode: number | undefined): Error | null {
  return responseCode === undefined ? null : Object.assign(new Error(`refused with ${responseCode}`), { responseCode })
}
