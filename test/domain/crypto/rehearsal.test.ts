import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { growSimulatedChains } from '../../../server/domain/crypto/simulation'
import { events } from '../../../server/domain/webhooks/table'
import { usePaymentCalls } from '../../support/payment-calls'

const api = usePaymentCalls()
const { create, get, openShop, simulate, told } = api

describe('a rehearsal', () => {
  test('the amount appears when the money is seen, the status when it is confirmed, and the address is free again', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    const seen = (await simulate(shop.key, number, 'detect')).body
    expect(seen).toMatchObject({
      status: 'pending',
      actual_crypto_amount: '50.000000',
      confirmations: 1,
      tx_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      confirmed_at: null,
    })
    expect((await simulate(shop.key, number, 'confirm', { blocks: 13 })).body).toMatchObject({
      status: 'pending',
      confirmations: 14,
    })
    expect((await create(shop.key)).status).toBe(503)
    expect((await simulate(shop.key, number, 'confirm')).body).toMatchObject({
      status: 'confirmed',
      confirmations: 15,
      confirmed_at: expect.any(String),
    })
    expect(await told(shop, number)).toEqual(['confirmed', 'detected'])
    expect((await create(shop.key)).status).toBe(201)
  })

  test('the event has the flat body of the document', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key, { external_order_id: 'order-123' })).body
    const { tx_hash } = (await simulate(shop.key, number, 'confirm')).body
    const rows = await api.world.deps.db.select().from(events).where(eq(events.type, 'payment.confirmed'))
    const data = rows.find(({ data }) => data.payment_id === number)?.data
    expect(Object.keys(data ?? {}).slice(0, 7)).toEqual([
      'payment_id',
      'external_order_id',
      'amount',
      'currency',
      'chain',
      'tx_hash',
      'confirmed_at',
    ])
    expect(data).toMatchObject({
      payment_id: number,
      external_order_id: 'order-123',
      amount: '50.000000',
      currency: 'USDT',
      chain: 'BNB Smart Chain',
      tx_hash,
      confirmed_at: expect.stringMatching(/^2026-03-02T09:\d\d:\d\d\+00:00$/),
      status: 'confirmed',
      confirmations: 15,
    })
  })

  test('too little is told, the rest completes it', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    expect((await simulate(shop.key, number, 'underpay')).body).toMatchObject({ actual_crypto_amount: '25.000000' })
    expect((await simulate(shop.key, number, 'detect')).body).toMatchObject({ actual_crypto_amount: '50.000000' })
    expect((await simulate(shop.key, number, 'confirm')).body.status).toBe('confirmed')
    expect(await told(shop, number)).toEqual(['confirmed', 'detected', 'underpaid'])
  })

  test('too little without the rest fails after the grace, and the address is free', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    await simulate(shop.key, number, 'underpay', { amount: '49.999999' })
    expect((await simulate(shop.key, number, 'expire')).body.status).toBe('failed')
    expect(await told(shop, number)).toEqual(['detected', 'underpaid', 'underpaid'])
    expect((await create(shop.key)).status).toBe(201)
  })

  test('too much is confirmed and told; a second payment on top is told again', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    await simulate(shop.key, number, 'overpay')
    expect((await simulate(shop.key, number, 'confirm')).body).toMatchObject({
      status: 'confirmed',
      actual_crypto_amount: '75.000000',
    })
    await simulate(shop.key, number, 'overpay')
    expect(await told(shop, number)).toEqual(['confirmed', 'detected', 'overpaid', 'overpaid'])
  })

  test('nothing in time expires it, and money afterwards is late, never credited', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    expect((await simulate(shop.key, number, 'expire')).body.status).toBe('expired')
    expect((await simulate(shop.key, number, 'late')).body).toMatchObject({
      status: 'expired',
      actual_crypto_amount: null,
      late_crypto_amount: '50.000000',
    })
    expect(await told(shop, number)).toEqual(['expired', 'late'])
  })

  test('late money is not the next payment’s, even when that has the address already', async () => {
    const shop = await openShop()
    const first = (await create(shop.key)).body.payment_number
    await simulate(shop.key, first, 'expire')
    const second = (await create(shop.key, { amount_usd_cents: 1_000 })).body.payment_number
    await simulate(shop.key, first, 'late')
    expect(await get(shop.key, first)).toMatchObject({ late_crypto_amount: '50.000000' })
    expect(await get(shop.key, second)).toMatchObject({ status: 'pending', actual_crypto_amount: null })
    expect((await simulate(shop.key, second, 'confirm')).body).toMatchObject({ actual_crypto_amount: '10.000000' })
  })

  test('a transfer that the chain takes back is told; one that comes again counts again', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    await simulate(shop.key, number, 'detect')
    expect((await simulate(shop.key, number, 'reorg')).body).toMatchObject({
      status: 'pending',
      actual_crypto_amount: null,
      tx_hash: '',
      confirmations: 0,
    })
    expect((await simulate(shop.key, number, 'confirm')).body.status).toBe('confirmed')
    expect(await told(shop, number)).toEqual(['confirmed', 'detected', 'detected', 'reversed'])
  })

  test('a confirmed payment whose money is taken back has failed, until it is there again', async () => {
    const shop = await openShop(2)
    const [number, other] = [(await create(shop.key)).body.payment_number, (await create(shop.key)).body.payment_number]
    await simulate(shop.key, number, 'confirm')
    await simulate(shop.key, other, 'confirm')
    expect((await simulate(shop.key, number, 'reorg')).body).toMatchObject({ status: 'failed', confirmed_at: null })
    expect(await get(shop.key, other)).toMatchObject({ status: 'confirmed' })
    expect(await told(shop, number)).toEqual(['confirmed', 'detected', 'reversed'])
    expect(await told(shop, other)).toEqual(['confirmed', 'detected'])
    await simulate(shop.key, number, 'detect')
    expect((await simulate(shop.key, number, 'confirm', { blocks: 20 })).body.status).toBe('confirmed')
  })

  test('expires by itself when its time is over, and not a moment before', async () => {
    const shop = await openShop()
    const { payment_number: number, expires_at } = (await create(shop.key)).body
    const grow = () => growSimulatedChains(api.world.deps)
    api.world.clock.set(new Date(String(expires_at)))
    await grow()
    expect((await get(shop.key, number)).status).toBe('pending')
    api.world.clock.advance(1)
    await grow()
    expect((await get(shop.key, number)).status).toBe('expired')
    const { body } = await api.call<{ addresses: object[] }>(shop.key, 'GET', '/addresses')
    expect(body.addresses).toMatchObject([{ state: 'free', held_by: null, payments_count: 1 }])
  })

  test('parallel rehearsals on one chain each get their block', async () => {
    const shop = await openShop(6)
    const numbers = await Promise.all(
      Array.from({ length: 6 }, async () => (await create(shop.key)).body.payment_number),
    )
    await Promise.all(numbers.map((number) => simulate(shop.key, number, 'detect')))
    const seen = await Promise.all(numbers.map((number) => get(shop.key, number)))
    expect(seen.every(({ actual_crypto_amount }) => actual_crypto_amount === '50.000000')).toBe(true)
    expect(new Set(seen.map(({ tx_hash }) => tx_hash)).size).toBe(6)
  })

  test('is for test keys, and says what is wrong with it', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    expect((await simulate(shop.liveKey, number, 'detect')).status).toBe(400)
    for (const [action, extra, field] of [
      ['reorg', {}, 'action'],
      ['detect', { amount: 'much' }, 'amount'],
      ['fly', {}, 'action'],
      ['confirm', { blocks: 0 }, 'blocks'],
    ] as const) {
      expect(await simulate(shop.key, number, action, extra)).toMatchObject({
        status: 400,
        body: { errors: { [field]: [expect.any(String)] } },
      })
    }
  })
})
