import { and, eq, ne, sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { addAddresses, removeAddress, updateAddress } from '../../../server/domain/addresses/service'
import { freeAddresses, paymentClaims, receiveAddresses } from '../../../server/domain/addresses/table'
import { cancelPayment, createPayment } from '../../../server/domain/crypto/service'
import { updateSettings } from '../../../server/domain/crypto/settings'
import { cryptoPayments } from '../../../server/domain/crypto/table'
import { newRowId } from '../../../server/kernel/ids'
import { evmAddress } from '../../support/crypto'
import { createWorld, type World } from '../../support/world'

let world: World
let ctx: StoreContext
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  ctx = storeContext(world.deps, (await world.openStore()).store.storeId, true)
})

const pay = (email?: string, run?: string) =>
  createPayment(ctx, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt', customer_email: email }, { run })

const payAll = (count: number) => Promise.allSettled(Array.from({ length: count }, () => pay()))

const addPool = (count: number) =>
  addAddresses(ctx, {
    network: 'bsc',
    addresses: Array.from({ length: count }, (_, n) => ({ address: evmAddress(n) })),
  })

const codesOf = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? String(outcome.reason.code) : []))

const valuesOf = <T>(outcomes: PromiseSettledResult<T>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))

/** What has to be so at any time that nothing runs: an address is free or held by the payment that waits at it, or neither. */
async function expectSoundPool() {
  const { db, storeId } = ctx
  const pool = await db
    .select()
    .from(receiveAddresses)
    .where(and(eq(receiveAddresses.storeId, storeId), ne(receiveAddresses.status, 'removed')))
  const free = await db.select().from(freeAddresses).where(eq(freeAddresses.storeId, storeId))
  const claims = await db.select().from(paymentClaims).where(eq(paymentClaims.storeId, storeId))
  const payments = await db.select().from(cryptoPayments).where(eq(cryptoPayments.storeId, storeId))
  const waiting = payments.filter(({ status }) => status === 'pending')
  const byAddress = (rows: { id: string; address: string }[]) =>
    rows.map(({ id, address }) => `${address} ${id}`).sort()
  expect(byAddress(claims.map(({ paymentId: id, address }) => ({ id, address })))).toEqual(byAddress(waiting))
  const claimed = new Set(claims.map(({ address }) => address))
  const rested = pool.filter(({ status, address }) => status === 'active' && !claimed.has(address))
  expect(byAddress(free.map(({ addressId: id, address }) => ({ id, address })))).toEqual(byAddress(rested))
  for (const row of pool) {
    const had = payments.filter(({ addressId, status }) => addressId === row.id && status !== 'pending')
    expect(row.usedCount).toBe(had.length)
  }
}

test('addresses that look free but are claimed spoil nobody’s parallel payment, and are not offered again', async () => {
  const added = await addPool(20)
  for (const { address } of added.slice(2, 5)) {
    const claim = { address, network: 'bsc' as const, realm: ctx.storeId, storeId: ctx.storeId }
    await ctx.db
      .insert(paymentClaims)
      .values({ ...claim, paymentId: newRowId(ctx.storeId), claimedAt: ctx.clock.now() })
  }
  const outcomes = await payAll(20)
  expect(codesOf(outcomes)).toEqual(Array(3).fill('all_addresses_held'))
  const paid = valuesOf(outcomes)
  expect(new Set(paid.map(({ address }) => address)).size).toBe(17)
  const claimed = new Set(added.slice(2, 5).map(({ address }) => address))
  expect(paid.some(({ address }) => claimed.has(address))).toBe(false)
  expect(await ctx.db.select().from(freeAddresses).where(eq(freeAddresses.storeId, ctx.storeId))).toEqual([])
})

test('what one of several parallel payments is refused for is only its own', async () => {
  await addPool(8)
  // PostgreSQL takes no such character.
  const outcomes = await Promise.allSettled(['a', 'b', 'c\u0000', 'd', 'e', 'f'].map((email) => pay(email)))
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  ])
  await expectSoundPool()
})

test('calls of one run at the same time make one payment', async () => {
  await addPool(8)
  const made = await Promise.all(Array.from({ length: 6 }, () => pay(undefined, 'one')))
  expect(new Set(made.map(({ number, address }) => `${number} ${address}`)).size).toBe(1)
  expect(await pay(undefined, 'one')).toEqual(made[0])
  await expectSoundPool()
})

test('new settings count for the payments that are made after them, whatever this process remembers', async () => {
  await addPool(20)
  const minutes = ({ createdAt, expiresAt }: { createdAt: Date; expiresAt: Date }) => (+expiresAt - +createdAt) / 60_000
  expect(valuesOf(await payAll(4)).map(minutes)).toEqual([30, 30, 30, 30])
  // As another process would: this one isn't told.
  const other = { ...ctx, paymentSettings: new Map() }
  await updateSettings(other, { expiry_minutes: 45 })
  expect(valuesOf(await payAll(4)).map(minutes)).toEqual([45, 45, 45, 45])
  await updateSettings(other, { expiry_minutes: 60 })
  expect(minutes(await pay())).toBe(60)
  await expectSoundPool()
})

test('the address that has rested longest is next, and before it those that nobody has had', async () => {
  const added = await addPool(3)
  const used: string[] = []
  for (let n = 0; n < 7; n++) {
    const { number, address } = await pay()
    used.push(address)
    world.clock.advance(1_000)
    await cancelPayment(ctx, number)
  }
  expect(new Set(used.slice(0, 3))).toEqual(new Set(added.map(({ address }) => address)))
  expect(used.slice(3)).toEqual([...used.slice(0, 3), used[0]])
})

test('a number that another payment has is not the end of a payment, nor of those that are made with it', async () => {
  await addPool(8)
  const { number } = await pay()
  const { db } = ctx
  // The next four that are written get that number; a sequence counts on when what counted is rolled back.
  await db.execute(sql`create sequence unlucky`)
  await db.execute(
    sql`create function unlucky() returns trigger language plpgsql as ${sql.raw(`$$ begin
    if nextval('unlucky') <= 4 then new.number := '${number}'; end if;
    return new; end $$`)}`,
  )
  await db.execute(sql`create trigger unlucky before insert on crypto_payments for each row execute function unlucky()`)
  try {
    const outcomes = await payAll(6)
    expect(codesOf(outcomes)).toEqual([])
    expect(new Set(valuesOf(outcomes).map((payment) => payment.number)).size).toBe(6)
  } finally {
    await db.execute(sql`drop trigger unlucky on crypto_payments`)
    await db.execute(sql`drop function unlucky`)
    await db.execute(sql`drop sequence unlucky`)
  }
  await expectSoundPool()
})

test('an address that is put in front of those that were looked past is found soon, and at once where there is no other', async () => {
  // Those that nobody has had are taken in the order of their ids.
  const [first] = (await addPool(5)).sort((a, b) => (a.id < b.id ? -1 : 1))
  const isActive = (is_active: boolean) => updateAddress(ctx, { id: first?.id ?? '', is_active })
  await isActive(false)
  await pay()
  await isActive(true)
  expect((await pay()).address).not.toBe(first?.address)
  world.clock.advance(10_000)
  const { number, address } = await pay()
  expect(address).toBe(first?.address)
  await cancelPayment(ctx, number)
  await payAll(2)
  expect((await pay()).address).toBe(first?.address)
  expect(codesOf(await payAll(1))).toEqual(['all_addresses_held'])
  await expectSoundPool()
})

test('addresses that are taken, let go of, disabled, put back and removed all at once stay in their places', async () => {
  type Step = { what: 'pay' | 'cancel' | 'disable' | 'enable' | 'remove' | 'add'; at: number }
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom('pay', 'pay', 'pay', 'cancel', 'cancel', 'disable', 'enable', 'remove', 'add'),
    at: fc.nat(5),
  })
  const open: string[] = []
  const act = async ({ what, at }: Step) => {
    const address = evmAddress(at)
    if (what === 'pay') open.push((await pay()).number)
    else if (what === 'cancel') await cancelPayment(ctx, open.splice(at % Math.max(1, open.length), 1)[0] ?? '')
    else if (what === 'add') await addAddresses(ctx, { network: 'bsc', address })
    else if (what === 'remove') await removeAddress(ctx, address)
    else await updateAddress(ctx, { id: address, is_active: what === 'enable' })
  }
  const expected = [
    ...['no_address_configured', 'all_addresses_held', 'address_not_found', 'address_held', 'payment_not_found'],
  ]
  await addPool(6)
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
    const outcomes = await Promise.allSettled(steps.map(act))
    for (const code of codesOf(outcomes)) expect(expected).toContain(code)
    await expectSoundPool()
  })
  await fc.assert(property, { numRuns: 60, endOnFailure: true })
})
