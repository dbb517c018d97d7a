import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Deps } from '../../../server/context'
import { openPostgres } from '../../../server/db/client'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { payWithCard } from '../../../server/domain/payments/service'
import { LEASE_MS, MAX_ATTEMPTS, sendDueEmails } from '../../../server/domain/receipts/sending'
import { listEmails, resendReceipt, TEST_EMAILS_PER_HOUR } from '../../../server/domain/receipts/service'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { createSmtpMailer } from '../../../server/mailer/smtp'
import { CARDS } from '../../support/cards'
import { type MailServer, startMailServer } from '../../support/mail-server'
import { freePort } from '../../support/ports'
import { eventually } from '../../support/server'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

const FROM = 'receipts@payhook.example'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

let server: MailServer
let shop: Shop
/** The shop's world with a mail server; each worker of a test is given a copy. */
let deps: Deps
const cleanups: (() => unknown)[] = []
beforeEach(async () => {
  server = await startMailServer()
  cleanups.push(() => server.close())
  deps = { ...world.deps, mailer: mailerFor(server.url) }
  shop = await openShop({ ...world, deps })
})
afterEach(async () => {
  server.behave({})
  await sendAll(deps)
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function mailerFor(url: string) {
  const mailer = createSmtpMailer({ url, from: FROM })
  cleanups.push(() => mailer.close())
  return mailer
}

async function sendAll(worker: Deps): Promise<void> {
  while (await sendDueEmails(worker));
}

async function emails() {
  return (await listEmails(shop.ctx, { limit: 100 })).emails
}

test('a receipt is delivered once, marked as a test, and kept as it was sent', async () => {
  const order = await shop.buy()
  await sendAll(deps)
  await sendAll(deps)
  expect(server.received).toHaveLength(1)
  const { to, mail } = server.received[0] ?? {}
  expect(to).toEqual(['buyer@example.com'])
  expect(mail).toMatchObject({
    subject: `[Test] Receipt from Test store (${order.number})`,
    from: { name: 'Test store' },
  })
  expect(mail?.text).toContain(`${world.url}/checkout/${order.sessionId}/receipt`)
  expect(await emails()).toMatchObject([
    { status: 'sent', attempts: 1, error: null, next_attempt_at: null, subject: mail?.subject },
  ])
})

test('test orders, which cost a stranger nothing, have few e-mails sent; the others say why they were not', async () => {
  for (let count = 0; count < TEST_EMAILS_PER_HOUR; count++) await shop.buy()
  const order = await shop.buy()
  await sendAll(deps)
  expect(server.received).toHaveLength(TEST_EMAILS_PER_HOUR)
  const [refused] = (await listEmails(shop.ctx, { limit: 1, order_id: order.id })).emails
  expect(refused).toMatchObject({ status: 'failed', attempts: 0, error: expect.stringContaining('in test mode') })
  await expect(resendReceipt(shop.ctx, { id: order.id })).rejects.toMatchObject({ code: 'rate_limited' })
  world.clock.advance(HOUR_MS + 1)
  expect(await resendReceipt(shop.ctx, { id: order.id })).toMatchObject({ status: 'queued' })
})

test('recipients of one store that are put off don’t hold up the mail of another store', async () => {
  const other = await openShop({ ...world, deps })
  for (let count = 0; count < 25; count++) await shop.buy()
  world.clock.advance(1)
  const { sessionId } = (await other.open()).order
  await payWithCard(other.deps, sessionId, { email: 'good@example.org', name: null, card: CARDS.succeeds })
  server.behave({ recipient: (address) => (address.endsWith('@example.com') ? 451 : undefined) })
  await sendDueEmails(deps)
  expect(server.received.map(({ to }) => to)).toEqual([['good@example.org']])
  // Due again, so that they are gone before the next test.
  world.clock.advance(MINUTE_MS)
})

test('several workers deliver each e-mail once', async () => {
  for (let count = 0; count < 25; count++) await shop.buy()
  const { url } = world.database
  const second = url === undefined ? undefined : await openPostgres(url)
  // Several at a time in one process, and on PostgreSQL another process's connections.
  const workers = [deps, deps, second ? { ...deps, db: second.db } : deps]
  await Promise.all(workers.map(sendAll))
  await second?.close()
  const ids = server.received.map(({ mail }) => mail.messageId)
  expect([ids.length, new Set(ids).size]).toEqual([25, 25])
})

test('a busy mail server is asked again after 1, 3 and 9 minutes, and then it is delivered', async () => {
  await shop.buy()
  let asked = 0
  server.behave({
    recipient: () => {
      asked++
      return 451
    },
  })
  for (const minutes of [1, 3, 9]) {
    const before = asked
    await sendAll(deps)
    expect(asked).toBe(before + 1)
    world.clock.advance(minutes * MINUTE_MS - 1)
    await sendAll(deps)
    expect(asked).toBe(before + 1)
    world.clock.advance(1)
  }
  expect(await emails()).toMatchObject([{ status: 'queued', attempts: 3, error: '451 refused with 451' }])
  server.behave({})
  await sendAll(deps)
  expect(server.received).toHaveLength(1)
  expect(await emails()).toMatchObject([{ status: 'sent', attempts: 4, error: null }])
})

test(`an e-mail is given up after ${MAX_ATTEMPTS} tries, with what was said last`, async () => {
  await shop.buy()
  server.behave({ message: () => 451 })
  for (let count = 0; count < MAX_ATTEMPTS + 3; count++) {
    await sendAll(deps)
    world.clock.advance(6 * HOUR_MS)
  }
  expect(server.received).toHaveLength(MAX_ATTEMPTS)
  expect(await emails()).toMatchObject([{ status: 'failed', attempts: MAX_ATTEMPTS, error: '451 refused with 451' }])
})

test('a recipient whom the mail server refuses is given up at once, and the others get theirs', async () => {
  const [wrong, right] = [await shop.buy(), await shop.buy()]
  await resendReceipt(shop.ctx, { id: wrong.id, email: 'nobody@example.com' })
  server.behave({ recipient: (address) => (address.startsWith('nobody') ? 550 : undefined) })
  await sendAll(deps)
  expect(server.received).toHaveLength(2)
  const failed = (await emails()).filter(({ status }) => status === 'failed')
  expect(failed).toMatchObject([{ to: 'nobody@example.com', attempts: 1, error: '550 refused with 550' }])
  expect(right.number).not.toBe(wrong.number)
})

test('while the mail server is down nothing is lost, and nothing else stops', async () => {
  const port = await freePort()
  const worker = { ...deps, mailer: mailerFor(`smtp://127.0.0.1:${port}`) }
  for (let count = 0; count < 12; count++) await shop.buy()
  // A round that meets a dead server ends: the rest doesn't use its tries up.
  expect(await sendDueEmails(worker)).toBe(false)
  expect((await emails()).filter(({ attempts }) => attempts === 0)).toHaveLength(2)
  const up = await startMailServer(port)
  cleanups.push(up.close)
  world.clock.advance(MINUTE_MS)
  await sendAll(worker)
  expect(up.received).toHaveLength(12)
})

test('a worker that dies between the yes and its note of it leaves an e-mail that is sent again with the same Message-ID', async () => {
  await shop.buy()
  const real = mailerFor(server.url)
  const dead = {
    ...real,
    send: async (mail: Parameters<typeof real.send>[0]) => {
      await real.send(mail)
      return new Promise<never>(() => undefined)
    },
  }
  void sendDueEmails({ ...deps, mailer: dead })
  await eventually('the first delivery', () => server.received[0])
  // Its lease keeps others away, until it ends.
  await sendAll(deps)
  expect(server.received).toHaveLength(1)
  world.clock.advance(LEASE_MS)
  await sendAll(deps)
  expect(server.received).toHaveLength(2)
  expect(new Set(server.received.map(({ mail }) => mail.messageId)).size).toBe(1)
  expect(await emails()).toMatchObject([{ status: 'sent', attempts: 2 }])
})

test('a worker that wakes up after its lease changes nothing of what the next one did', async () => {
  await shop.buy()
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow = { ...deps, mailer: { close: () => undefined, send: async () => promise.then(() => REFUSED) } }
  const late = sendDueEmails(slow)
  await eventually('the claim', async () => ((await emails())[0]?.attempts === 1 ? true : undefined))
  world.clock.advance(LEASE_MS)
  await sendAll(deps)
  resolve()
  await late
  expect(await emails()).toMatchObject([{ status: 'sent', attempts: 2, error: null }])
})

const REFUSED = { kind: 'refused' as const, error: '550 no' }

test('what waited for more than three days is not sent any more', async () => {
  const order = await shop.buy()
  world.clock.advance(3 * DAY_MS)
  await sendAll(deps)
  expect(server.received).toEqual([])
  expect(await emails()).toMatchObject([{ status: 'failed', error: expect.stringContaining('resend_receipt') }])
  await resendReceipt(shop.ctx, { id: order.id })
  await sendAll(deps)
  expect(server.received).toHaveLength(1)
})

test('a refund notice belongs to the receipt, and what was sent stays as it was', async () => {
  const order = await shop.buy()
  await sendAll(deps)
  await refundOrder(shop.ctx, { id: order.id, amountCents: 500 })
  await sendAll(deps)
  const [receipt, notice] = server.received
  expect(notice?.mail).toMatchObject({
    subject: `[Test] Refund from Test store (${order.number})`,
    references: receipt?.mail.messageId,
  })
  expect(receipt?.mail.text).not.toContain('given back')
})

test('a sale wakes the worker after its commit, and one that nobody sends for doesn’t', async () => {
  const woken: string[] = []
  const sell = async (mailer: Deps['mailer']) => {
    const own = await openShop({ ...world, deps: { ...deps, mailer, wake: (work) => void woken.push(work) } })
    await own.buy()
  }
  await sell(null)
  expect(woken).not.toContain('mail')
  await sell(deps.mailer)
  expect(woken).toContain('mail')
})
