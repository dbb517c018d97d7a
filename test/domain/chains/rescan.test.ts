import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHAIN_COMMANDS } from '../../../server/chain-commands'
import { rescan } from '../../../server/domain/chains/rescan'
import { NewRescan } from '../../../server/domain/chains/schema'
import { chainTransfers } from '../../../server/domain/chains/table'
import { cryptoPayments } from '../../../server/domain/crypto/table'
import { callRest } from '../../support/calls'
import { newWallet } from '../../support/live-chain'
import { type LivePayment, type LiveShop, type LiveWorld, openLiveWorld } from '../../support/live-world'

let world: LiveWorld
let shop: LiveShop
beforeAll(async () => {
  world = await openLiveWorld(['bsc'])
  shop = await world.shop()
  await world.chain('bsc').watcher.catchUp()
})
afterAll(() => world.close())

const again = (input: object) => rescan(world.deps, NewRescan.parse({ network: 'bsc', ...input }))
const unitsOf = ({ expected_crypto_amount }: LivePayment) =>
  BigInt(expected_crypto_amount.replace('.', '')) * 10n ** 12n
const lists = async (query = '') =>
  (
    await callRest<{ transfers: Record<string, unknown>[] }>(world.url, 'GET', `/v1/unmatched_transfers${query}`, {
      key: shop.key,
    })
  ).body.transfers

/** As if its transfer had been missed when its block was read. */
async function forget(payment: LivePayment): Promise<void> {
  const { db } = world.deps
  const [row] = await db.select().from(cryptoPayments).where(eq(cryptoPayments.number, payment.payment_number))
  if (!row) throw new Error('there is no such payment')
  await db
    .delete(chainTransfers)
    .where(and(eq(chainTransfers.storeId, shop.storeId), eq(chainTransfers.paymentId, row.id)))
  const untouched = { status: 'pending', creditedUnits: null, txHash: null, height: null, confirmedAt: null } as const
  await db
    .update(cryptoPayments)
    .set({ ...untouched, dueAt: row.expiresAt, dueHeight: null })
    .where(eq(cryptoPayments.id, row.id))
}

test('a block that is read again gives what was missing, once, by numbers and by a transaction', async () => {
  const chain = world.chain('bsc')
  await shop.add('bsc', [newWallet('bsc')])
  const payment = await shop.create('bsc', 'usdt')
  const txHash = await chain.pay('usdt', [payment.assigned_address, unitsOf(payment)])
  await chain.mine(260)
  await chain.watcher.catchUp()
  expect(await shop.get(payment)).toMatchObject({ status: 'confirmed' })
  await forget(payment)
  expect(await again({ tx_hash: txHash })).toMatchObject({ seen: 1, added: 1 })
  expect(await shop.get(payment)).toMatchObject({ status: 'confirmed', tx_hash: txHash })
  const { from } = await again({ tx_hash: txHash.toUpperCase().replace('0X', '0x') })
  const outcomes = await Promise.all([again({ from_block: Number(from) }), again({ from_block: 1, to_block: 20 })])
  expect(outcomes).toMatchObject([
    { seen: 1, added: 0 },
    { seen: 1, added: 0 },
  ])
  const printed: string[] = []
  await CHAIN_COMMANDS.get('rescan')?.(world.deps, ['bsc', '1', '20'], (line) => printed.push(line))
  expect(printed).toEqual(['bsc 1 to 20: 1 transfers, 0 of them missed before', '0 transfers were added.'])
  const paid = await shop.get(payment)
  expect(paid.actual_crypto_amount).toBe(payment.expected_crypto_amount)
})

test('blocks that are not final, and what no node knows, are refused with words', async () => {
  const head = Number(await world.chain('bsc').anvil.head())
  for (const [input, words] of [
    [{ from_block: head }, /not final/],
    [{ tx_hash: 'ab'.repeat(32) }, /no node/],
    [{ network: 'tron', from_block: 5 }, /not enabled/],
  ] as const) {
    await expect(again(input)).rejects.toThrow(words)
  }
  for (const args of [[], ['bsc'], ['bsc', 'x'], ['bsc', '9', '5'], ['doge', '5'], ['bsc', '1', '2', '3']]) {
    await expect(CHAIN_COMMANDS.get('rescan')?.(world.deps, args, () => undefined)).rejects.toThrow(
      /rescan wants|network/,
    )
  }
})

test('money that counts for nothing is listed with the reason and the payment it was for, and nothing else is', async () => {
  const chain = world.chain('bsc')
  const [free, other] = [newWallet('bsc'), newWallet('bsc')]
  await shop.add('bsc', [free])
  const payment = await shop.create('bsc', 'usdt')
  await shop.add('bsc', [other])
  const held = payment.assigned_address
  await chain.pay('usdt', [other, 7n * 10n ** 18n])
  await chain.pay('usdc', [held, unitsOf(payment)])
  await chain.pay('usdt', [held, 1n])
  await chain.mine(2)
  await chain.watcher.catchUp()
  await chain.mine(1, 3_600)
  await chain.pay('usdt', [held, unitsOf(payment)])
  await chain.mine(2)
  await chain.watcher.catchUp()
  const listed = await lists()
  expect(listed.map(({ reason }) => reason).sort()).toEqual(['dust', 'late', 'no_payment', 'other_coin'])
  const { payment_number } = payment
  expect(await lists('?reason=late')).toMatchObject([
    { payment_number, amount: payment.expected_crypto_amount, address: held },
  ])
  expect(await lists('?reason=no_payment')).toMatchObject([
    { payment_number: null, currency: 'usdt', amount: '7.000000', address: other },
  ])
  expect(await lists('?network=tron')).toEqual([])
  const stranger = await world.openStore()
  const theirs = await callRest<{ transfers: unknown[] }>(world.url, 'GET', '/v1/unmatched_transfers', {
    key: stranger.liveKey,
  })
  expect(theirs.body.transfers).toEqual([])
})

test('metrics tell how far behind each network is, its reorganisations, and what counts for nothing', async () => {
  const text = await (await fetch(`${world.url}/metrics`)).text()
  for (const line of [
    'payhook_chain_lag_blocks{network="bsc"} 0',
    'payhook_chain_deepest_reorg_blocks{network="bsc"} 0',
    'payhook_chain_unmatched_transfers_total{network="bsc",reason="late"} 1',
    'payhook_chain_unmatched_transfers_total{network="bsc",reason="no_payment"} 1',
  ]) {
    expect(text).toContain(line)
  }
  expect(text).toMatch(/payhook_chain_lag_seconds\{network="bsc"\} \d/)
})
