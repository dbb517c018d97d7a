import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { addAddresses } from '../../../server/domain/addresses/service'
import { paymentClaims, receiveAddresses } from '../../../server/domain/addresses/table'
import { createPayment } from '../../../server/domain/crypto/service'
import { newRowId } from '../../../server/kernel/ids'
import { evmAddress } from '../../support/crypto'
import { createWorld, type World } from '../../support/world'

let world: World
let ctx: StoreContext
beforeAll(async () => {
  world = await createWorld()
  ctx = storeContext(world.deps, (await world.openStore()).store.storeId, true)
})
afterAll(() => world.close())

const pay = (email?: string) =>
  createPayment(ctx, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt', customer_email: email })

const addPool = (from: number, count: number) =>
  addAddresses(ctx, {
    network: 'bsc',
    addresses: Array.from({ length: count }, (_, n) => ({ address: evmAddress(from + n) })),
  })

const codesOf = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? String(outcome.reason.code) : []))

test('addresses that look free but are claimed spoil nobody’s parallel payment, and are not offered again', async () => {
  const added = await addPool(0, 20)
  for (const { address } of added.slice(2, 5)) {
    const claim = { address, network: 'bsc' as const, realm: ctx.storeId, storeId: ctx.storeId }
    await ctx.db
      .insert(paymentClaims)
      .values({ ...claim, paymentId: newRowId(ctx.storeId), claimedAt: ctx.clock.now() })
  }
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => pay()))
  expect(codesOf(outcomes)).toEqual(Array(3).fill('all_addresses_held'))
  const paid = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
  expect(new Set(paid.map(({ address }) => address)).size).toBe(17)
  const claimed = new Set(added.slice(2, 5).map(({ address }) => address))
  expect(paid.some(({ address }) => claimed.has(address))).toBe(false)
})

test('what one of several parallel payments is refused for is only its own', async () => {
  await addPool(100, 8)
  // PostgreSQL takes no such character.
  const outcomes = await Promise.allSettled(['a', 'b', 'c\u0000', 'd', 'e', 'f'].map(pay))
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  ])
  const mine = and(eq(receiveAddresses.storeId, ctx.storeId), eq(receiveAddresses.status, 'active'))
  const held = (await ctx.db.select().from(receiveAddresses).where(mine)).filter(({ heldBy }) => heldBy !== null)
  const claims = await ctx.db.select().from(paymentClaims).where(eq(paymentClaims.storeId, ctx.storeId))
  expect(held.length).toBe(claims.length)
  expect(held.map(({ heldBy }) => heldBy).sort()).toEqual(claims.map(({ paymentId }) => paymentId).sort())
})
