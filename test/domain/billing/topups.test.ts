import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { liveChain } from '../../../server/domain/chains/chain'
import { takeBlocks, unwindTo } from '../../../server/domain/chains/intake'
import { createBilledWorld, openMerchant } from '../../support/billing'
import { callRest } from '../../support/calls'
import { evmAddress } from '../../support/crypto'
import type { World } from '../../support/world'

let world: World
let operator: Awaited<ReturnType<World['openStore']>>
beforeAll(async () => {
  world = await createBilledWorld()
  operator = await world.openStore('The operator')
  // Of stores of one instant, any would be the first.
  world.clock.advance(1_000)
  // Live payments on a network that the test plays itself.
  Object.assign(world.deps.networks, { ethereum: {} })
})
afterAll(() => world.close())

const call = (key: string, method: string, path: string, body?: unknown) =>
  callRest(world.url, method, `/api/v1${path}`, { body, headers: { 'X-API-Key': key } })

test('a test top-up is credited once, on its confirmation, and told', async () => {
  const shop = await openMerchant(world)
  const { status, body } = await shop.call('POST', '/billing/topups/', { amount_usd_cents: 5_000, network: 'ethereum' })
  expect(status).toBe(201)
  expect(body).toMatchObject({
    ...{ status: 'pending', amount_usdt: '50.000000', received_usdt: null, credited_usdt: '0.000000' },
    ...{ network: 'ethereum', currency: 'usdt', tx_hash: '', credited_at: null, is_test: true },
  })
  await shop.simulate(body.payment_number, 'detect')
  expect(await shop.billing()).toMatchObject({ balance_usdt: '0.000000' })
  await shop.simulate(body.payment_number, 'confirm')
  await shop.simulate(body.payment_number, 'confirm')
  expect(await shop.billing()).toMatchObject({ balance_usdt: '50.000000', used_payments: 0 })
  const { body: seen } = await shop.call('GET', `/billing/topups/${body.id}`)
  expect(seen).toMatchObject({ status: 'credited', received_usdt: '50.000000', credited_usdt: '50.000000' })
  expect((await shop.call('GET', '/billing/topups/')).body).toEqual({ topups: [seen], next_cursor: null })
  expect(await shop.told()).toEqual(['billing.topped_up'])
})

test('what the chain takes back is taken back, below 0 too, and credited when it comes again', async () => {
  const shop = await openMerchant(world)
  const topup = await shop.topUp(2_900)
  await shop.call('POST', '/billing/subscribe/', { plan: 'pro' })
  await shop.simulate(topup.payment_number, 'reorg')
  expect(await shop.billing()).toMatchObject({ plan: 'pro', balance_usdt: '-29.000000' })
  expect((await shop.call('GET', `/billing/topups/${topup.id}`)).body).toMatchObject({
    ...{ status: 'reversed', credited_usdt: '0.000000', credited_at: null },
  })
  expect(await shop.told()).toEqual(['billing.topped_up', 'billing.topup_reversed'])
  // Within the quota the plan goes on; beyond it the balance counts.
  expect((await shop.create()).status).toBe(201)
  await shop.confirm(3)
  expect((await shop.create()).body).toMatchObject({ code: 'plan_limit_reached' })
})

test('a fifth may be missing, as after an exchange’s fee: what has come is credited', async () => {
  const shop = await openMerchant(world)
  const { body } = await shop.call('POST', '/billing/topups/', { amount_usd_cents: 1_000, network: 'bsc' })
  const part = (amount: string) =>
    shop.call('POST', `/payments/${body.payment_number}/simulate`, { action: 'underpay', amount })
  await part('7.9')
  await shop.call('POST', `/payments/${body.payment_number}/simulate`, { action: 'confirm', blocks: 20 })
  await part('0.100001')
  await shop.call('POST', `/payments/${body.payment_number}/simulate`, { action: 'confirm', blocks: 20 })
  expect(await shop.billing()).toMatchObject({ balance_usdt: '10.000000' })
})

test('a top-up at the quota, of an amount or a network that is wrong', async () => {
  const shop = await openMerchant(world)
  await shop.confirm(2)
  expect((await shop.create()).status).toBe(402)
  expect((await shop.topUp(100)).status).toBe('credited')
  const small = await shop.call('POST', '/billing/topups/', { amount_usd_cents: 99, network: 'bsc' })
  expect(small).toMatchObject({ status: 400, body: { errors: { amount_usd_cents: [expect.stringContaining('1.0')] } } })
  const wrong = await shop.call('POST', '/billing/topups/', { amount_usd_cents: 100, network: 'solana' })
  expect(wrong).toMatchObject({ status: 400, body: { errors: { network: [expect.anything()] } } })
})

test('a live top-up is paid into the operator’s pool, seen by both, credited to one, and counts for nobody', async () => {
  const { liveKey, store } = await world.openStore('Merchant')
  const wanted = { amount_usd_cents: 2_500, network: 'ethereum' }
  const none = await call(liveKey, 'POST', '/billing/topups/', wanted)
  expect(none).toMatchObject({ status: 503, body: { code: 'topup_unavailable' } })
  await call(operator.liveKey, 'POST', '/addresses', { network: 'ethereum', address: evmAddress(7) })
  const { status, body } = await call(liveKey, 'POST', '/billing/topups/', wanted)
  expect([status, body.assigned_address]).toEqual([201, evmAddress(7)])
  expect(await call(liveKey, 'GET', `/payments/${body.payment_number}`)).toMatchObject({ status: 404 })
  const [, stranger] = [operator, await world.openStore('Stranger')]
  for (const key of [operator.liveKey, stranger.liveKey]) {
    expect(await call(key, 'GET', `/billing/topups/${body.id}`)).toMatchObject({ status: 404 })
  }
  await mine(1n, [])
  await mine(2n, [{ to: evmAddress(7), units: 25_000_000n }])
  for (let number = 3n; number <= 13n; number++) await mine(number, [])
  const paid = await call(operator.liveKey, 'GET', `/payments/${body.payment_number}`)
  expect(paid.body).toMatchObject({ status: 'confirmed', metadata: { topup_of: expect.stringMatching(/^sto_/) } })
  const balanceOf = async (key: string) => (await call(key, 'GET', '/billing')).body
  expect(await balanceOf(liveKey)).toMatchObject({ balance_usdt: '25.000000', used_payments: 0, is_test: false })
  expect(await balanceOf(operator.liveKey)).toMatchObject({ balance_usdt: '0.000000', used_payments: 0 })
  // A chain that replaces even that takes it back.
  await unwindTo(storeContext(world.deps, store.storeId, false), liveChain('ethereum'), 1n)
  for (let number = 2n; number <= 3n; number++) await mine(number, [], 'b')
  expect(await balanceOf(liveKey)).toMatchObject({ balance_usdt: '0.000000' })
})

test('a repeated call makes one top-up, and shows it as it is now', async () => {
  const shop = await openMerchant(world)
  const make = () =>
    callRest(world.url, 'POST', '/api/v1/billing/topups/', {
      key: shop.key,
      body: { amount_usd_cents: 100, network: 'ethereum' },
      headers: { 'Idempotency-Key': 'one' },
    })
  const first = await make()
  await shop.simulate(first.body.payment_number, 'confirm')
  expect((await make()).body).toMatchObject({ id: first.body.id, status: 'credited' })
  expect((await shop.call<{ topups: [] }>('GET', '/billing/topups')).body.topups).toHaveLength(1)
})

type Sent = { to: string; units: bigint }

/** A block of the live chain. */
async function mine(number: bigint, sent: readonly Sent[], fork = 'a'): Promise<void> {
  const hash = (n: bigint, branch: string) => `0x${branch}${n.toString().padStart(63, '0')}`
  const block = { number, hash: hash(number, fork), time: world.clock.now() }
  const parentHash = hash(number - 1n, number === 2n ? 'a' : fork)
  const transfers = sent.map(({ to, units }, logIndex) => ({
    ...{ txHash: hash(number, 'c'), logIndex, block, coin: 'usdt' as const, from: evmAddress(99), to, units },
  }))
  const taken = await takeBlocks(world.deps, liveChain('ethereum'), {
    ...{ first: number, parentHash, last: block, transfers, finalized: number },
  })
  expect(taken).toBe('taken')
}
