import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { pruneEmails } from '../../../server/domain/receipts/retention'
import { sendDueEmails } from '../../../server/domain/receipts/sending'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { createBuyer } from '../../support/buyer'
import { type Answer, callRest } from '../../support/calls'
import { createWorld, type World } from '../../support/world'

type Email = Record<string, unknown> & { id: string; subject: string }
type Page = { emails: Email[]; sends_email: boolean; next_cursor: string | null }

let world: World
let key: string
let liveKey: string
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  const opened = await world.openStore('Kiosk')
  key = opened.testKey
  liveKey = opened.liveKey
})

const call = <T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  as = key,
): Promise<Answer<T>> => callRest<T>(world.url, method, path, { key: as, body })

async function order(email = 'buyer@example.com'): Promise<string> {
  const { body: product } = await call('POST', '/v1/products', { name: 'Kit', price_cents: 1900 })
  const { body } = await call('POST', '/v1/orders', { product_id: product.id })
  const { status } = await call('POST', `/v1/orders/${body.id}/pay_test`, { email })
  expect(status).toBe(200)
  return String(body.id)
}

async function emails(query = ''): Promise<Email[]> {
  return (await call<Page>('GET', `/v1/emails${query}`)).body.emails
}

test('a paid order has one receipt in the outbox, which stays there without a mail server', async () => {
  const id = await order()
  expect(await sendDueEmails(world.deps)).toBe(false)
  const { body } = await call<Page>('GET', '/v1/emails')
  expect(body).toMatchObject({ sends_email: false, next_cursor: null })
  expect(body.emails).toMatchObject([
    { kind: 'receipt', order_id: id, to: 'buyer@example.com', status: 'queued', attempts: 0, next_attempt_at: null },
  ])
  const { body: email } = await call<Email>('GET', `/v1/emails/${body.emails[0]?.id}`)
  expect(email.subject).toMatch(/^\[Test\] Receipt from Kiosk \(PP-2603-/)
  const [link] = /http\S+\/receipt/.exec(String(email.text)) ?? []
  const page = await fetch(String(link))
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('PP-2603-')])
})

test('an order that is not paid has no e-mail', async () => {
  const { body: product } = await call('POST', '/v1/products', { name: 'Kit', price_cents: 1900 })
  const { body } = await call('POST', '/v1/orders', { product_id: product.id, customer_email: 'buyer@example.com' })
  const declined = { card_number: '4000000000000119' }
  expect((await call('POST', `/v1/orders/${body.id}/pay_test`, declined)).status).toBe(402)
  expect(await emails()).toEqual([])
  const refused = await call('POST', `/v1/orders/${body.id}/resend_receipt`, {})
  expect(refused).toMatchObject({ status: 409, body: { code: 'order_not_paid' } })
})

test('each refund has a notice of its own', async () => {
  const id = await order()
  await call('POST', `/v1/orders/${id}/refund`, { amount_cents: 500 })
  await call('POST', `/v1/orders/${id}/refund`, {})
  const all = await emails(`?order_id=${id}`)
  expect(all.map(({ kind }) => kind).sort()).toEqual(['receipt', 'refund', 'refund'])
  const details = await Promise.all(all.map(async (email) => (await call<Email>('GET', `/v1/emails/${email.id}`)).body))
  const notices = details.filter(({ kind }) => kind === 'refund').map(({ text }) => String(text))
  expect(notices.join('\n')).toContain('Given back: $5.00')
  expect(notices.join('\n')).toContain('Given back: $14.00')
})

test('who paid in a German browser is written to in German', async () => {
  const { body: product } = await call('POST', '/v1/products', { name: 'Kit', price_cents: 1900 })
  await createBuyer(world, 'de-DE,de;q=0.9').submit(`/checkout/${product.id}`)
  expect((await emails())[0]?.subject).toMatch(/^\[Test\] Beleg von Kiosk/)
})

test('a receipt can be sent again, to another address too, and at most ten times an hour', async () => {
  const id = await order()
  const again = await call<Email>('POST', `/v1/orders/${id}/resend_receipt`, { email: 'right@example.com' })
  expect(again).toMatchObject({ status: 200, body: { kind: 'receipt', to: 'right@example.com', status: 'queued' } })
  expect((await emails()).map(({ to }) => to).sort()).toEqual(['buyer@example.com', 'right@example.com'])
  const answers: number[] = []
  for (let count = 0; count < 9; count++) {
    answers.push((await call('POST', `/v1/orders/${id}/resend_receipt`, {})).status)
  }
  expect(answers).toEqual([...Array(8).fill(200), 429])
  world.clock.advance(HOUR_MS + 1)
  expect((await call('POST', `/v1/orders/${id}/resend_receipt`, {})).status).toBe(200)
})

test('a receipt is sent again at most ten times an hour, however many ask at once', async () => {
  const id = await order()
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => call('POST', `/v1/orders/${id}/resend_receipt`, {})),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(9)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(21)
  expect(await emails()).toHaveLength(10)
})

test('the receipt of a licensed variant holds its key, until that is revoked', async () => {
  const { body: product } = await call('POST', '/v1/products', { name: 'App', price_cents: 1900 })
  const terms = { activation_limit: 3, duration_days: 365 }
  const variant = { name: 'Team', price_cents: 4900, license: terms }
  const { body: made } = await call('POST', `/v1/products/${product.id}/variants`, variant)
  const { body: order } = await call('POST', '/v1/orders', { variant_id: made.id })
  await call('POST', `/v1/orders/${order.id}/pay_test`, {})
  const { body: paid } = await call<{ license: { key: string } }>('GET', `/v1/orders/${order.id}`)
  const textOf = async () => {
    const [receipt] = (await emails(`?order_id=${order.id}`)).filter(({ kind }) => kind === 'receipt')
    return String((await call<Email>('GET', `/v1/emails/${receipt?.id}`)).body.text)
  }
  expect(await textOf()).toContain(`Licence key: ${paid.license.key}\nValid until: Mar 2, 2027`)
  await call('POST', `/v1/orders/${order.id}/refund`, {})
  expect(await textOf()).not.toContain(paid.license.key)
})

test('lists go page by page, and by state', async () => {
  for (let count = 0; count < 3; count++) await order()
  const { body: first } = await call<Page>('GET', '/v1/emails?limit=2')
  const { body: second } = await call<Page>('GET', `/v1/emails?limit=2&cursor=${first.next_cursor}`)
  expect(new Set([...first.emails, ...second.emails].map(({ id }) => id)).size).toBe(3)
  expect(await emails('?status=sent')).toEqual([])
  expect(await call('GET', '/v1/emails?status=lost')).toMatchObject({ status: 400, body: { field: 'status' } })
})

test('another store’s e-mail, or the other mode’s, is not found', async () => {
  await order()
  const [email] = await emails()
  const stranger = (await world.openStore('Stranger')).testKey
  for (const as of [stranger, liveKey]) {
    expect(await call('GET', `/v1/emails/${email?.id}`, undefined, as)).toMatchObject({
      status: 404,
      body: { code: 'email_not_found' },
    })
    expect((await call<Page>('GET', '/v1/emails', undefined, as)).body.emails).toEqual([])
  }
})

test('e-mails are forgotten after the days of the configuration, and not before', async () => {
  await order()
  world.clock.advance(29 * DAY_MS)
  await order()
  await pruneEmails(world.deps)
  expect(await emails()).toHaveLength(2)
  world.clock.advance(2 * DAY_MS)
  await pruneEmails(world.deps)
  expect(await emails()).toHaveLength(1)
})
