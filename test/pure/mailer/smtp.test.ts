import selfsigned from 'selfsigned'
import type { SMTPServerOptions } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import { createSmtpMailer } from '../../../server/mailer/smtp'
import type { Mail } from '../../../server/ports/mailer'
import { type MailServer, startMailServer } from '../../support/mail-server'
import { freePort } from '../../support/ports'

const FROM = 'receipts@payhook.example'
const MAIL: Mail = {
  id: '0f1e2d3c-4b7d-8abc-9def-0123456789ab',
  belongsTo: null,
  fromName: 'Kiosk',
  replyTo: 'owner@kiosk.example',
  to: 'buyer@example.com',
  subject: 'Receipt from Kiosk',
  text: 'Thank you.',
  html: '<p>Thank you.</p>',
  at: new Date('2026-03-02T09:00:00.000Z'),
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(options?: SMTPServerOptions): Promise<MailServer> {
  const server = await startMailServer(0, options)
  cleanups.push(server.close)
  return server
}

function mailerFor(url: string) {
  const mailer = createSmtpMailer({ url, from: FROM })
  cleanups.push(mailer.close)
  return mailer
}

test('a message arrives with both parts, its Message-ID, and answers to the store', async () => {
  const server = await start()
  expect(await mailerFor(server.url).send({ ...MAIL, subject: 'Beleg für 5 €' })).toEqual({ kind: 'accepted' })
  const [received] = server.received
  expect(received).toMatchObject({ from: FROM, to: ['buyer@example.com'] })
  expect(received?.mail).toMatchObject({
    from: { name: 'Kiosk', address: FROM },
    replyTo: [{ address: 'owner@kiosk.example' }],
    subject: 'Beleg für 5 €',
    messageId: `<${MAIL.id}@payhook.example>`,
    date: '2026-03-02T09:00:00.000Z',
    text: 'Thank you.\n',
    html: '<p>Thank you.</p>\n',
  })
  expect(received?.source).toMatch(/^Auto-Submitted: auto-generated\r$/m)
})

test('a mail that belongs to another names it, so that mail programs show them together', async () => {
  const server = await start()
  await mailerFor(server.url).send({ ...MAIL, belongsTo: '0f1e2d3c-4b7d-8abc-9def-000000000001' })
  expect(server.received[0]?.mail.references).toBe('<0f1e2d3c-4b7d-8abc-9def-000000000001@payhook.example>')
})

const SNEAKY = 'Kiosk\r\nBcc: everybody@example.net\r\n\r\n<script>'

test('line breaks in a name or a subject make no header, and no recipient', async () => {
  const server = await start()
  const sneaky = { ...MAIL, fromName: SNEAKY, subject: SNEAKY }
  expect(await mailerFor(server.url).send(sneaky)).toEqual({ kind: 'accepted' })
  const [received] = server.received
  expect(received?.to).toEqual(['buyer@example.com'])
  expect(received?.mail.headers.map(({ key }) => key)).not.toContain('bcc')
})

test.each([
  'buyer@example.com, everybody@example.net',
  'buyer@example.com\r\nBcc: everybody@example.net',
  'buyer@example.com>\r\nRCPT TO:<everybody@example.net',
  'Buyer <buyer@example.com>',
  '',
])('%j is no address, and nothing is sent to anybody', async (to) => {
  const server = await start()
  expect(await mailerFor(server.url).send({ ...MAIL, to })).toMatchObject({ kind: 'refused' })
  expect(server.received).toEqual([])
})

test('4xx may go through later, 5xx never, and an error says what the server said', async () => {
  const server = await start()
  const mailer = mailerFor(server.url)
  server.behave({ recipient: () => 451 })
  expect(await mailer.send(MAIL)).toEqual({ kind: 'unsent', error: '451 refused with 451', isOfMessage: true })
  server.behave({ recipient: () => 550 })
  expect(await mailer.send(MAIL)).toEqual({ kind: 'refused', error: '550 refused with 550' })
  server.behave({ message: () => 452 })
  expect(await mailer.send(MAIL)).toEqual({ kind: 'unsent', error: '452 refused with 452', isOfMessage: true })
  server.behave({ message: () => 554 })
  expect(await mailer.send(MAIL)).toEqual({ kind: 'refused', error: '554 refused with 554' })
})

test('a refused log-in is the operator’s to mend: the message waits', async () => {
  const server = await start({
    onAuth: (_auth, _session, done) => done(Object.assign(new Error('wrong password'), { responseCode: 535 })),
  })
  const outcome = await mailerFor(server.url.replace('//', '//shop:secret@')).send(MAIL)
  expect(outcome).toMatchObject({ kind: 'unsent', isOfMessage: false })
  expect(JSON.stringify(outcome)).not.toContain('secret')
})

test('a mail server that is down is no refusal; once it is up, the same mailer delivers', async () => {
  const port = await freePort()
  const mailer = mailerFor(`smtp://127.0.0.1:${port}`)
  expect(await mailer.send(MAIL)).toMatchObject({ kind: 'unsent', isOfMessage: false })
  const server = await startMailServer(port)
  cleanups.push(server.close)
  expect(await mailer.send(MAIL)).toEqual({ kind: 'accepted' })
})

test('a connection that breaks after the message is told, not repeated: it may have arrived', async () => {
  const server = await start()
  server.behave({ message: () => void server.hangUp() })
  expect(await mailerFor(server.url).send(MAIL)).toMatchObject({ kind: 'unsent', isOfMessage: false })
  expect(server.received).toHaveLength(1)
})

test('STARTTLS and SMTPS are spoken, and a certificate that nobody signed is refused', async () => {
  const pem = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], { algorithm: 'sha256' })
  for (const [scheme, options] of [
    ['smtp', { disabledCommands: [] }],
    ['smtps', { secure: true }],
  ] satisfies [string, SMTPServerOptions][]) {
    const server = await start({ ...options, key: pem.private, cert: pem.cert })
    const url = server.url.replace('smtp:', `${scheme}:`)
    expect(await mailerFor(url).send(MAIL)).toMatchObject({ kind: 'unsent', isOfMessage: false })
    expect(await mailerFor(`${url}?tls.rejectUnauthorized=false`).send(MAIL)).toEqual({ kind: 'accepted' })
    expect(server.received).toHaveLength(1)
  }
})
