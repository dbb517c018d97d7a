import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { claimAttempt } from '../../../server/domain/payments/attempts'
import { findCheckout } from '../../../server/domain/payments/checkout'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { recoverAttempts, recoverRefunds } from '../../../server/domain/payments/recovery'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { finishAuthentication } from '../../../server/domain/payments/service'
import { settleAttempt } from '../../../server/domain/payments/settlement'
import { createSandboxGateway } from '../../../server/gateways/sandbox/gateway'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../server/kernel/clock'
import { newRowId } from '../../../server/kernel/ids'
import { CARDS } from '../../support/cards'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(async () => {
  shop = await openShop(world)
})
afterAll(() => world.close())

const stateOf = async (sessionId: string) => (await findCheckout(shop.deps, sessionId)).state

test('a charge whose answer was lost is completed by recovery, once', async () => {
  const { order } = await shop.open()
  shop.bank.trouble = 'answer_lost'
  expect((await shop.pay(order.sessionId)).checkout.state).toBe('processing')
  shop.bank.trouble = 'none'
  expect((await shop.pay(order.sessionId)).checkout.state).toBe('processing')
  await recoverAttempts(shop.deps)
  expect(await stateOf(order.sessionId)).toBe('processing')
  world.clock.advance(MINUTE_MS)
  await Promise.all([recoverAttempts(shop.deps), recoverAttempts(shop.deps), recoverAttempts(shop.deps)])
  const ledger = await shop.ledger(order.id)
  expect(ledger.order.status).toBe('completed')
  expect(ledger.entries).toHaveLength(1)
  expect(ledger.events).toHaveLength(1)
  expect(shop.bank.charged.size).toBe(1)
})

test('a charge that never reached the gateway is given up, and the buyer pays again', async () => {
  const { order } = await shop.open()
  shop.bank.trouble = 'unreachable'
  await shop.pay(order.sessionId)
  world.clock.advance(MINUTE_MS)
  // While the gateway can't be asked, nothing is given up.
  await recoverAttempts(shop.deps)
  expect(await stateOf(order.sessionId)).toBe('processing')
  shop.bank.trouble = 'none'
  world.clock.advance(MINUTE_MS)
  await recoverAttempts(shop.deps)
  expect(await stateOf(order.sessionId)).toBe('open')
  expect((await shop.pay(order.sessionId)).checkout.state).toBe('paid')
  expect((await shop.ledger(order.id)).attempts.map(({ status }) => status).sort()).toEqual(['succeeded', 'void'])
})

test('a decline and a question whose answers were lost are found too', async () => {
  const [declined, asked] = [await shop.open(), await shop.open()]
  shop.bank.trouble = 'answer_lost'
  await shop.pay(declined.order.sessionId, CARDS.insufficientFunds)
  await shop.pay(asked.order.sessionId, CARDS.succeedsWith3ds)
  shop.bank.trouble = 'none'
  world.clock.advance(MINUTE_MS)
  await recoverAttempts(shop.deps)
  expect((await shop.ledger(declined.order.id)).order.failureCode).toBe('insufficient_funds')
  expect(await stateOf(asked.order.sessionId)).toBe('requires_action')
  const { checkout } = await finishAuthentication(shop.deps, asked.order.sessionId, true)
  expect(checkout.state).toBe('paid')
})

test('an authentication whose answer was lost is completed by recovery', async () => {
  const { order } = await shop.open()
  await shop.pay(order.sessionId, CARDS.succeedsWith3ds)
  shop.bank.trouble = 'answer_lost'
  expect((await finishAuthentication(shop.deps, order.sessionId, true)).checkout.state).toBe('processing')
  shop.bank.trouble = 'none'
  world.clock.advance(MINUTE_MS)
  await recoverAttempts(shop.deps)
  expect(await stateOf(order.sessionId)).toBe('paid')
})

test('in the sandbox a process that died while charging leaves a session that can be paid', async () => {
  const { order, ctx } = await shop.open()
  const sandbox = createSandboxGateway(world.clock)
  const deps = { ...shop.deps, gateways: { test: sandbox, live: null } }
  await claimAttempt({ ...ctx, ...deps }, order.id, sandbox, { email: 'buyer@example.com', name: null })
  expect(await stateOf(order.sessionId)).toBe('processing')
  world.clock.advance(MINUTE_MS)
  await recoverAttempts(deps)
  expect(await stateOf(order.sessionId)).toBe('open')
})

test('a session whose charge is unanswered waits for recovery before it expires', async () => {
  const { order } = await shop.open()
  world.clock.advance(HOUR_MS - SECOND_MS)
  shop.bank.trouble = 'answer_lost'
  await shop.pay(order.sessionId)
  shop.bank.trouble = 'none'
  world.clock.advance(2 * MINUTE_MS)
  await expireSessions(shop.deps)
  expect(await stateOf(order.sessionId)).toBe('processing')
  await recoverAttempts(shop.deps)
  await expireSessions(shop.deps)
  expect(await stateOf(order.sessionId)).toBe('paid')
})

test('a charge that succeeds after its attempt was given up goes back to the buyer', async () => {
  const { order, ctx } = await shop.open()
  const buyer = { email: 'buyer@example.com', name: null }
  const claimed = await claimAttempt(ctx, order.id, shop.bank, buyer)
  if (typeof claimed !== 'object') throw new Error('nobody else pays')
  world.clock.advance(MINUTE_MS)
  await recoverAttempts(shop.deps)
  const { amountMinor, currency, productName: description } = order
  const request = { attemptId: claimed.attempt.id, amountMinor, currency, description, card: CARDS.succeeds }
  await settleAttempt(ctx, shop.bank, claimed.attempt, await shop.bank.charge(request))
  expect([...shop.bank.refunded.values()]).toMatchObject([{ amountMinor: 1_900n }])
  expect(await stateOf(order.sessionId)).toBe('open')
  expect((await shop.ledger(order.id)).entries).toEqual([])
})

test.each(['answer_lost', 'unreachable'] as const)(
  'a refund without an answer (%s) is sent again under its id and ends once',
  async (trouble) => {
    const order = await shop.buy()
    const refundId = newRowId(shop.ctx.storeId)
    shop.bank.trouble = trouble
    const pending = await refundOrder(shop.ctx, { id: order.id, refundId })
    expect(pending).toMatchObject({ order: { status: 'refund_pending' }, refund: { status: 'pending' } })
    shop.bank.trouble = 'none'
    await recoverRefunds(shop.deps)
    expect((await shop.ledger(order.id)).order.status).toBe('refund_pending')
    world.clock.advance(MINUTE_MS)
    await Promise.all([recoverRefunds(shop.deps), recoverRefunds(shop.deps)])
    const ledger = await shop.ledger(order.id)
    expect(ledger.order).toMatchObject({ status: 'refunded', refundedMinor: 1_900n, refundingMinor: 0n })
    expect(ledger.events.filter(({ type }) => type === 'sale.refunded')).toHaveLength(1)
    expect([...shop.bank.refunded.keys()]).toEqual([refundId])
  },
)

test('a retry with the same refund id goes on with a refund that crashed half-way', async () => {
  const order = await shop.buy()
  const request = { id: order.id, amountCents: 600, refundId: newRowId(shop.ctx.storeId) }
  shop.bank.trouble = 'answer_lost'
  await refundOrder(shop.ctx, request)
  shop.bank.trouble = 'none'
  const retried = await refundOrder(shop.ctx, request)
  expect(retried).toMatchObject({
    refund: { status: 'succeeded' },
    order: { status: 'completed', refundedMinor: 600n },
  })
})

test('a broken attempt does not keep the next ones waiting, nor does it spin the job', async () => {
  const [stuck, lost] = [await shop.open(), await shop.open()]
  shop.bank.trouble = 'answer_lost'
  await shop.pay(stuck.order.sessionId)
  world.clock.advance(1)
  await shop.pay(lost.order.sessionId)
  shop.bank.trouble = 'none'
  const [attempt] = (await shop.ledger(stuck.order.id)).attempts
  world.clock.advance(MINUTE_MS)
  const find = async (id: string) => {
    if (id === attempt?.id) throw new Error('the gateway stumbles over this one')
    return shop.bank.find(id)
  }
  const deps = { ...shop.deps, gateways: { test: { ...shop.bank, find }, live: null } }
  expect(await recoverAttempts(deps)).toBe(false)
  expect(await stateOf(lost.order.sessionId)).toBe('paid')
  expect(await stateOf(stuck.order.sessionId)).toBe('processing')
})
