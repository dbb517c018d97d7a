import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { stores } from '../../server/domain/stores/table'
import { createBank } from '../support/bank'
import { callRest } from '../support/calls'
import { type Page, type Payment, usePebblepay } from './pebblepay-shop'

/** Document D to the letter. What goes back, and what is refused. */

const shop = usePebblepay()
const { call, create, pay, post } = shop

describe('a refund', () => {
  const sold = async (amount: number) => {
    const payment = await create({ amount, testMode: true })
    await pay(payment)
    return payment
  }
  const refund = (payment: Payment, body: unknown) => call('POST', `/${payment.transaction_id}/refund`, body)

  test('gives all of it back, with its reason', async () => {
    const payment = await sold(49.99)
    expect(await refund(payment, { reason: 'Customer requested refund' })).toMatchObject({
      status: 200,
      body: {
        order_id: payment.order_id,
        status: 'refunded',
        amount: 49.99,
        refunded_amount: 49.99,
        refund_amount: 49.99,
        refund_status: 'succeeded',
        refund_reason: 'Customer requested refund',
      },
    })
    const again = await refund(payment, {})
    expect([again.status, again.body]).toEqual([400, { error: expect.stringMatching(/already/) }])
  })

  test('gives a part back, and never more than is left', async () => {
    const payment = await sold(10.1)
    expect((await refund(payment, { amount: 0.1 })).body).toMatchObject({ status: 'completed', refund_amount: 0.1 })
    expect((await refund(payment, { amount: '9.99' })).body).toMatchObject({ refunded_amount: 10.09 })
    const refused = await refund(payment, { amount: 0.02 })
    expect([refused.status, refused.body]).toEqual([400, { error: 'At most $0.01 can be refunded.' }])
    expect((await refund(payment, {})).body).toMatchObject({
      status: 'refunded',
      refund_amount: 0.01,
      refunded_amount: 10.1,
    })
  })

  test.each([0, -1, 0.001, 'all', '', null, [1], {}, true])('of %j is refused', async (amount) => {
    const payment = await sold(5)
    const refused = await refund(payment, { amount })
    expect([refused.status, refused.body]).toEqual([400, { error: expect.stringMatching(/^amount: /) }])
  })

  test('never gives all back to a caller who has named an amount in another way', async () => {
    const payment = await sold(20)
    expect((await refund(payment, { amount_cents: 500 })).body).toEqual({
      error: 'amount_cents: send amount here, a decimal such as 19.99',
    })
    for (const query of ['amount=5', 'amount_cents=500']) {
      const refused = await call('POST', `/${payment.transaction_id}/refund?${query}`)
      expect([refused.status, refused.body]).toEqual([400, { error: 'amount: send it in the body' }])
    }
    expect((await call('GET', `/${payment.order_id}`)).body).toMatchObject({ status: 'completed', refunded_amount: 0 })
  })

  test('of an unpaid order is a 400, of an unknown one a 404', async () => {
    expect((await refund(await create({ amount: 5 }), {})).status).toBe(400)
    expect(await call('POST', '/txn_nonsense/refund', {})).toMatchObject({
      status: 404,
      body: { error: 'Order not found' },
    })
  })

  test('that the bank has not answered yet is pending, and goes through later', async () => {
    const bank = createBank(shop.world.clock)
    const { test: sandbox } = shop.world.deps.gateways
    shop.world.deps.gateways.test = { ...sandbox, refund: () => Promise.reject(new Error('connection refused')) }
    try {
      const payment = await sold(5)
      expect((await refund(payment, {})).body).toMatchObject({ status: 'refund_pending', refund_status: 'pending' })
      expect((await call<Page>('GET', '?status=refund_pending')).body.total).toBe(1)
      expect(bank.refunded.size).toBe(0)
    } finally {
      shop.world.deps.gateways.test = sandbox
    }
  })
})

describe('errors', () => {
  test('no key and a wrong one are a 401; both headers do', async () => {
    for (const key of ['', 'sk_live_wrong']) {
      expect(await call('GET', '', undefined, key)).toMatchObject({ status: 401, body: { error: expect.any(String) } })
    }
    const answer = await fetch(`${shop.world.url}/api/v1/orders`, { headers: { 'X-Api-Key': shop.store.liveKey } })
    expect(answer.status).toBe(200)
  })

  test('an account that is not approved is a 403', async () => {
    const { store: pending, liveKey } = await shop.world.openStore()
    const { storeId } = pending
    await shop.world.deps.db.update(stores).set({ status: 'pending' }).where(eq(stores.storeId, storeId))
    for (const { status, body } of [
      await call('GET', '', undefined, liveKey),
      await call('POST', '', { amount: 5 }, liveKey),
    ]) {
      expect([status, body]).toEqual([403, { error: 'account not approved' }])
    }
  })

  test('what is unknown is a 404, malformed JSON a 400, another method a 405', async () => {
    for (const id of ['PP-0000-000000', 'txn_x', 'nonsense', '%00']) {
      const { status, body } = await call('GET', `/${id}`)
      expect([status, body]).toEqual([404, { error: 'Order not found' }])
    }
    const stranger = (await shop.world.openStore()).liveKey
    const { order_id } = await create({ amount: 5 })
    expect((await call('GET', `/${order_id}`, undefined, stranger)).status).toBe(404)
    expect((await post('{"amount":')).status).toBe(400)
    const { status, body } = await call('DELETE', `/${order_id}`)
    expect([status, body]).toEqual([405, { error: expect.any(String) }])
  })

  test('what to do next stands behind what was wrong', async () => {
    const { status, body } = await call('POST', '', { amount: 5, coupon_code: 'NOPE' })
    expect([status, body]).toEqual([
      400,
      { error: 'There is no coupon NOPE. preview_coupon says what a coupon would do, and why not.' },
    ])
  })

  test.each([
    [{ return_url: 'nonsense' }, /^return_url: /],
    [{ success_url: 'nonsense' }, /^return_url: /],
    [{ customer_email: 'nobody' }, /^customer_email: /],
    [{ metadata: { deep: { er: 1 } } }, /^metadata\.deep: /],
    [{ webhook_url: 'ftp://example.com' }, /^webhook_url: /],
  ])('%j names its field', async (fields, words) => {
    const { status, body } = await call('POST', '', { amount: 5, ...fields })
    expect([status, body]).toEqual([400, { error: expect.stringMatching(words) }])
  })

  test('a repeated call with an idempotency key is one order; with another body a 422', async () => {
    const send = (amount: number) =>
      callRest<Payment>(shop.world.url, 'POST', '/api/v1/orders', {
        key: shop.store.liveKey,
        body: { amount },
        headers: { 'Idempotency-Key': 'once' },
      })
    const [first, second] = [await send(5), await send(5)]
    expect(second.body).toEqual(first.body)
    expect((await send(6)).status).toBe(422)
  })
})
