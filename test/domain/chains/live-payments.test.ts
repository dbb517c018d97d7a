import { afterAll, beforeAll, expect, test } from 'vitest'
import { paymentClaims } from '../../../server/domain/addresses/table'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { newWallet } from '../../support/live-chain'
import { type LiveWorld, openLiveWorld } from '../../support/live-world'
import { startReceiver } from '../../support/receiver'

/** A live payment as a merchant has it: by document B's REST API, with a chain, its node, and a server that is told. */

let world: LiveWorld
beforeAll(async () => {
  world = await openLiveWorld(['bsc'])
})
afterAll(() => world.close())

const FIFTY = 50n * 10n ** 18n

test('create, pay, detected, confirmed: the merchant is told each of them, signed, and the page shows it', async () => {
  const receiver = await startReceiver()
  const { deps } = world
  // Live events go over TLS only, which a receiver on this machine has no certificate for.
  const { sender } = deps
  deps.sender = {
    refusal: (target) => sender.refusal({ ...target, isTest: true }),
    send: (request) => sender.send({ ...request, isTest: true }),
  }
  try {
    const chain = world.chain('bsc')
    await chain.watcher.catchUp()
    const shop = await world.shop()
    const hook = { url: receiver.url, events: ['payment.detected', 'payment.confirmed'] }
    expect(await shop.call('POST', '/webhooks/', hook)).toMatchObject({ status: 201 })
    const body = { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt', external_order_id: 'order-123' }
    const { status, body: payment } = await shop.call('POST', '/payments/', body)
    expect([status, payment.status, payment.is_test]).toEqual([201, 'pending', false])
    const tx = await chain.pay('usdt', [payment.assigned_address, FIFTY])
    await chain.mine()
    await chain.watcher.catchUp()
    const turn = { stopping: new AbortController().signal, onWake: () => undefined }
    await deliverDue(deps, turn)
    await chain.mine(14)
    await chain.watcher.catchUp()
    await deliverDue(deps, turn)
    const told = receiver.received.map(({ headers, body: text }) => [headers['x-payhook-event'], JSON.parse(text)])
    expect(told).toMatchObject([
      ['payment.detected', { payment_id: payment.payment_number, tx_hash: tx, confirmed_at: null }],
      [
        'payment.confirmed',
        {
          event: 'payment.confirmed',
          payment_id: payment.payment_number,
          external_order_id: 'order-123',
          amount: '50.000000',
          currency: 'USDT',
          chain: 'BNB Smart Chain',
          tx_hash: tx,
        },
      ],
    ])
    expect(
      receiver.received.every(({ headers }) => /^t=\d+,v1=[0-9a-f]{64}$/.test(headers['x-payhook-signature'] ?? '')),
    ).toBe(true)
    const page = await fetch(String(payment.checkout_url))
    expect([page.status, /confirmed/i.test(await page.text())]).toEqual([200, true])
  } finally {
    deps.sender = sender
    await receiver.close()
  }
})

test('100 concurrent creates on 10 addresses, with a live key: exactly 10 get one, 90 a 503', async () => {
  const shop = await world.shop()
  await shop.add(
    'bsc',
    Array.from({ length: 9 }, () => newWallet('bsc')),
  )
  const wanted = { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt' }
  const made = await Promise.all(Array.from({ length: 100 }, () => shop.call('POST', '/payments/', wanted)))
  expect(made.filter(({ status }) => status === 201)).toHaveLength(10)
  expect(made.filter(({ status }) => status === 503)).toHaveLength(90)
  const claims = await world.deps.db.select().from(paymentClaims)
  expect(claims.filter(({ storeId }) => storeId === shop.storeId)).toHaveLength(10)
})
