import { randomBytes } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { addAddresses } from '../../server/domain/addresses/service'
import { chainOf, readCursorOf } from '../../server/domain/chains/chain'
import { takeBlocks } from '../../server/domain/chains/intake'
import type { NewSimulation } from '../../server/domain/crypto/schema'
import { simulate } from '../../server/domain/crypto/simulation'
import { type CryptoPaymentRow, cryptoPayments } from '../../server/domain/crypto/table'
import { type CryptoWish, payWithCrypto } from '../../server/domain/payments/crypto-checkout'
import { events } from '../../server/domain/webhooks/table'
import { addMs, MINUTE_MS } from '../../server/kernel/clock'
import { evmAddress } from './crypto'
import { openShop, type Shop } from './shop'
import type { World } from './world'

/** A shop that takes crypto on BNB Smart Chain too, in test mode. */
export async function openCryptoShop(world: World, addresses = 3) {
  const shop = await openShop(world)
  const { ctx } = shop
  const wallets = Array.from({ length: addresses }, (_, n) => ({ address: evmAddress(n + 1) }))
  if (addresses > 0) await addAddresses(ctx, { network: 'bsc', addresses: wallets })

  const choose = (sessionId: string, wish: Partial<CryptoWish> = {}) =>
    payWithCrypto(ctx, sessionId, {
      ...{ network: 'bsc', coin: 'usdt', email: 'buyer@example.com', locale: 'en-US', shownMinor: 1_900n },
      ...wish,
    })
  /** A session whose buyer has chosen crypto. */
  const begin = async (wish: Partial<CryptoWish> = {}) => {
    const { order } = await shop.open()
    const { checkout } = await choose(order.sessionId, wish)
    if (!checkout.crypto) throw new Error('no payment was begun')
    return { ...checkout, order, payment: checkout.crypto }
  }
  const play = (number: string, action: NewSimulation['action'], more: Partial<NewSimulation> = {}) =>
    simulate(ctx, { payment_number: number, action, ...more })
  /** The next block holds all of a payment's money, and is of the payment's first minute: the chain was behind. */
  const findInTime = async ({ network, coin, address: to, expectedUnits: units, createdAt }: CryptoPaymentRow) => {
    const chain = chainOf(ctx, network)
    const cursor = await readCursorOf(ctx, chain)
    if (!cursor) throw new Error('the chain has no block yet')
    const hex = () => `0x${randomBytes(32).toString('hex')}`
    const block = { number: cursor.number + 1n, hash: hex(), time: addMs(createdAt, MINUTE_MS) }
    const transfers = [{ txHash: hex(), logIndex: 0, coin, from: evmAddress(999), to, units, block }]
    const blocks = { first: block.number, parentHash: cursor.hash, last: block, transfers, finalized: cursor.finalized }
    if ((await takeBlocks(ctx, chain, blocks)) !== 'taken') throw new Error('the block was not taken')
  }
  const paymentsOf = (orderId: string) =>
    ctx.db
      .select()
      .from(cryptoPayments)
      .where(and(eq(cryptoPayments.storeId, ctx.storeId), eq(cryptoPayments.orderId, orderId)))
  return { ...shop, choose, begin, play, findInTime, paymentsOf, told: (orderId: string) => toldOf(shop, orderId) }
}

export type CryptoShop = Awaited<ReturnType<typeof openCryptoShop>>

/** The types of all events about an order, sorted. */
async function toldOf(shop: Shop, orderId: string): Promise<string[]> {
  const { order } = await shop.ledger(orderId)
  const told = await shop.ctx.db.select().from(events).where(eq(events.storeId, shop.ctx.storeId))
  const names = [order.id, order.number, order.transactionId]
  return told
    .filter(({ data }) =>
      ['id', 'order_id', 'purchase_id', 'transaction_id'].some((key) => names.includes(String(data[key]))),
    )
    .map(({ type }) => type)
    .sort()
}
