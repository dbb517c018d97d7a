import { and, eq, ne, sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { inTransaction, together } from '../../../server/db/transaction'
import { reclaimAddress, releaseAddresses } from '../../../server/domain/addresses/claims'
import { createPoolWatch } from '../../../server/domain/addresses/pool-watch'
import { addAddresses, getAddress, removeAddress, updateAddress } from '../../../server/domain/addresses/service'
import { freeAddresses, paymentClaims, receiveAddresses } from '../../../server/domain/addresses/table'
import { toAddresses } from '../../../server/domain/addresses/view'
import { cancelPayment, createPayment } from '../../../server/domain/crypto/service'
import { getSettings, updateSettings } from '../../../server/domain/crypto/settings'
import { cryptoPayments } from '../../../server/domain/crypto/table'
import { events } from '../../../server/domain/webhooks/table'
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
  const names = (rows: { address: string }[]) => rows.map(({ address }) => address).sort()
  const claimed = claims.map(({ paymentId, address }) => `${paymentId} ${address}`).sort()
  // One that a reorganisation brought back waits without a claim where another payment has got it, or the address isn't in the pool.
  const wait = waiting.map(({ id, address, number }) => ({ name: `${id} ${address}`, isRevived: revived.has(number) }))
  const certain = wait.filter(({ isRevived, name }) => !isRevived || claimed.includes(name))
  expect(claimed).toEqual(certain.map(({ name }) => name).sort())
  const held = new Set(names(claims))
  const rested = pool.filter(({ status, address }) => status === 'active' && !held.has(address))
  const idsOf = (rows: { id: string; address: string }[]) => rows.map(({ id, address }) => `${id} ${address}`).sort()
  expect(idsOf(free.map(({ addressId: id, address }) => ({ id, address })))).toEqual(idsOf(rested))
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

test('new settings count for the payments that are made after them', async () => {
  await addPool(20)
  const minutes = ({ createdAt, expiresAt }: { createdAt: Date; expiresAt: Date }) => (+expiresAt - +createdAt) / 60_000
  expect(valuesOf(await payAll(4)).map(minutes)).toEqual([30, 30, 30, 30])
  await updateSettings(ctx, { expiry_minutes: 45 })
  expect(valuesOf(await payAll(4)).map(minutes)).toEqual([45, 45, 45, 45])
  await updateSettings(ctx, { expiry_minutes: 60 })
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

test('in a busy pool too, what is in front of those that were looked past is found within ten seconds', async () => {
  const [first] = (await addPool(6)).sort((a, b) => (a.id < b.id ? -1 : 1))
  const isActive = (is_active: boolean) => updateAddress(ctx, { id: first?.id ?? '', is_active })
  await isActive(false)
  await pay()
  await isActive(true)
  world.clock.advance(6_000)
  expect((await pay()).address).not.toBe(first?.address)
  world.clock.advance(4_000)
  expect((await pay()).address).toBe(first?.address)
})

test('settings that a transaction saw and that never came to be are not remembered', async () => {
  await getSettings(ctx)
  const undone = inTransaction(ctx, async (tx) => {
    await updateSettings(tx, { expiry_minutes: 45 })
    await getSettings(tx)
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  expect(ctx.paymentSettings.get(`${ctx.storeId} true`)).toMatchObject({ expiryMinutes: 30 })
})

test('an exhausted pool is told of once an hour, also when nothing was taken from it; one without addresses is not', async () => {
  const told = async () =>
    (await ctx.db.select().from(events).where(eq(events.storeId, ctx.storeId))).map(({ type, data }) => [
      type,
      data.free,
    ])
  expect(codesOf(await payAll(2))).toEqual(Array(2).fill('no_address_configured'))
  expect(await told()).toEqual([])
  await addPool(40)
  // Each process counts by itself what it takes.
  const processes = Array.from({ length: 3 }, () => ({ ...ctx, poolWatch: createPoolWatch() }))
  for (let n = 0; n < 45; n++) {
    const taker = processes[n % 3] ?? ctx
    await Promise.allSettled([createPayment(taker, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt' })])
  }
  expect(await told()).toEqual([['addresses.low', expect.any(Number)]])
  world.clock.advance(3_600_000)
  await payAll(3)
  expect(await told()).toHaveLength(2)
})

const revived = new Set<string>()

/** What a reorganisation does to a payment that had ended. */
async function revive(number: string) {
  await inTransaction(ctx, async (tx) => {
    const isIt = and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.number, number))
    const [payment] = await tx.db.select().from(cryptoPayments).where(isIt).for('update')
    if (payment?.status !== 'cancelled') return
    await tx.db.update(cryptoPayments).set({ status: 'pending' }).where(isIt)
    await reclaimAddress(tx, payment)
    revived.add(number)
  })
}

test('a payment that a reorganisation brings back has its address again, counted once', async () => {
  await addPool(1)
  const { number, address } = await pay()
  await cancelPayment(ctx, number)
  await revive(number)
  expect(codesOf(await payAll(1))).toEqual(['all_addresses_held'])
  await expect(removeAddress(ctx, address)).rejects.toMatchObject({ code: 'address_held' })
  const shown = async () => (await toAddresses(ctx, [await getAddress(ctx, address)]))[0]
  expect(await shown()).toMatchObject({ state: 'held', held_by: number, payments_count: 1 })
  await expectSoundPool()
  await cancelPayment(ctx, number)
  expect(await shown()).toMatchObject({ state: 'free', held_by: null, payments_count: 1 })
  expect((await pay()).address).toBe(address)
  await expectSoundPool()
})

test('an address that was removed and added again is the one that a payment from before gets back', async () => {
  await addPool(1)
  const { number, address } = await pay()
  await cancelPayment(ctx, number)
  await removeAddress(ctx, address)
  await revive(number)
  await expectSoundPool()
  await cancelPayment(ctx, number)
  await addPool(1)
  await revive(number)
  await expect(removeAddress(ctx, address)).rejects.toMatchObject({ code: 'address_held' })
  await expectSoundPool()
  await cancelPayment(ctx, number)
  expect((await pay()).address).toBe(address)
  await expectSoundPool()
})

test('payments that come back all at once and new ones do not wait for each other', async () => {
  await addPool(30)
  const warnings: string[] = []
  ctx = { ...ctx, log: { ...ctx.log, warn: ({ err }) => void warnings.push(String((err as Error).cause)) } }
  for (let round = 0; round < 12; round++) {
    // In another order than their addresses.
    const ended = valuesOf(await payAll(30)).sort((a, b) => (a.number < b.number ? -1 : 1))
    expect(ended).toHaveLength(30)
    world.clock.advance(11_000)
    for (const { number } of ended) await cancelPayment(ctx, number)
    const back = inTransaction(ctx, (tx) => together(ended.map((payment) => reclaimAddress(tx, payment))))
    // Somewhere in the midst of it, elsewhere in each round.
    await new Promise((resolve) => setTimeout(resolve, round % 6))
    const [, outcomes] = await Promise.all([back, payAll(30)])
    expect(codesOf(outcomes)).toEqual(Array(30 - valuesOf(outcomes).length).fill('all_addresses_held'))
    const claims = await ctx.db.select().from(paymentClaims).where(eq(paymentClaims.storeId, ctx.storeId))
    expect(claims).toHaveLength(30)
    await inTransaction(ctx, (tx) => releaseAddresses(tx, [...ended, ...valuesOf(outcomes)]))
  }
  // As of a deadlock, after which payments are made one by one.
  expect(warnings).toEqual([])
})

test('whatever happens to addresses and payments all at once, each is in its place afterwards', async () => {
  const STEPS = ['pay', 'pay', 'pay', 'cancel', 'cancel', 'revive', 'disable', 'enable', 'remove', 'add'] as const
  const step = fc.record({ what: fc.constantFrom(...STEPS), at: fc.nat(40) })
  const numbers: string[] = []
  const act = async ({ what, at }: { what: (typeof STEPS)[number]; at: number }) => {
    const address = evmAddress(at % 6)
    const number = numbers[at % Math.max(1, numbers.length)] ?? ''
    if (what === 'pay') numbers.unshift((await pay()).number)
    else if (what === 'cancel') await cancelPayment(ctx, number)
    else if (what === 'revive') await revive(number)
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
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      // A deadlock has no such code.
      expect(expected, String(outcome.reason.cause ?? outcome.reason)).toContain(outcome.reason.code)
    }
    await expectSoundPool()
  })
  await fc.assert(property, { numRuns: Number(process.env.POOL_RUNS ?? 60), endOnFailure: true })
})
