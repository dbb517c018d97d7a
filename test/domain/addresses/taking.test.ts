import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import { createPoolWatch } from '../../../server/domain/addresses/pool-watch'
import { updateAddress } from '../../../server/domain/addresses/service'
import { freeAddresses, paymentClaims } from '../../../server/domain/addresses/table'
import { cancelPayment, createPayment } from '../../../server/domain/crypto/service'
import { getSettings, updateSettings } from '../../../server/domain/crypto/settings'
import { events } from '../../../server/domain/webhooks/table'
import { newRowId } from '../../../server/kernel/ids'
import { codesOf, useAddressPool, valuesOf } from '../../support/address-pool'

const pool = useAddressPool()
const { addPool, expectSoundPool, pay, payAll } = pool

test('addresses that look free but are claimed spoil nobody’s parallel payment, and are not offered again', async () => {
  const added = await addPool(20)
  for (const { address } of added.slice(2, 5)) {
    const claim = { address, network: 'bsc' as const, realm: pool.ctx.storeId, storeId: pool.ctx.storeId }
    await pool.ctx.db
      .insert(paymentClaims)
      .values({ ...claim, paymentId: newRowId(pool.ctx.storeId), claimedAt: pool.ctx.clock.now() })
  }
  const outcomes = await payAll(20)
  expect(codesOf(outcomes)).toEqual(Array(3).fill('all_addresses_held'))
  const paid = valuesOf(outcomes)
  expect(new Set(paid.map(({ address }) => address)).size).toBe(17)
  const claimed = new Set(added.slice(2, 5).map(({ address }) => address))
  expect(paid.some(({ address }) => claimed.has(address))).toBe(false)
  expect(await pool.ctx.db.select().from(freeAddresses).where(eq(freeAddresses.storeId, pool.ctx.storeId))).toEqual([])
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
  await updateSettings(pool.ctx, { expiry_minutes: 45 })
  expect(valuesOf(await payAll(4)).map(minutes)).toEqual([45, 45, 45, 45])
  await updateSettings(pool.ctx, { expiry_minutes: 60 })
  expect(minutes(await pay())).toBe(60)
  await expectSoundPool()
})

test('the address that has rested longest is next, and before it those that nobody has had', async () => {
  const added = await addPool(3)
  const used: string[] = []
  for (let n = 0; n < 7; n++) {
    const { number, address } = await pay()
    used.push(address)
    pool.world.clock.advance(1_000)
    await cancelPayment(pool.ctx, number)
  }
  expect(new Set(used.slice(0, 3))).toEqual(new Set(added.map(({ address }) => address)))
  expect(used.slice(3)).toEqual([...used.slice(0, 3), used[0]])
})

test('a number that another payment has is not the end of a payment, nor of those that are made with it', async () => {
  await addPool(8)
  const { number } = await pay()
  const { db } = pool.ctx
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

/** Of a new pool, the address that would have been taken first, put back after the second one was taken. */
async function putInFront(count: number) {
  // Those that nobody has had are taken in the order of their ids.
  const [first] = (await addPool(count)).sort((a, b) => (a.id < b.id ? -1 : 1))
  const isActive = (is_active: boolean) => updateAddress(pool.ctx, { id: first?.id ?? '', is_active })
  await isActive(false)
  await pay()
  await isActive(true)
  return first
}

test('an address that is put in front of those that were looked past is found soon, and at once where there is no other', async () => {
  const first = await putInFront(5)
  expect((await pay()).address).not.toBe(first?.address)
  pool.world.clock.advance(10_000)
  const { number, address } = await pay()
  expect(address).toBe(first?.address)
  await cancelPayment(pool.ctx, number)
  await payAll(2)
  expect((await pay()).address).toBe(first?.address)
  expect(codesOf(await payAll(1))).toEqual(['all_addresses_held'])
  await expectSoundPool()
})

test('in a busy pool too, what is in front of those that were looked past is found within ten seconds', async () => {
  const first = await putInFront(6)
  pool.world.clock.advance(6_000)
  expect((await pay()).address).not.toBe(first?.address)
  pool.world.clock.advance(4_000)
  expect((await pay()).address).toBe(first?.address)
})

test('settings that a transaction saw and that never came to be are not remembered', async () => {
  await getSettings(pool.ctx)
  const undone = inTransaction(pool.ctx, async (tx) => {
    await updateSettings(tx, { expiry_minutes: 45 })
    await getSettings(tx)
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  expect(pool.ctx.paymentSettings.get(`${pool.ctx.storeId} true`)).toMatchObject({ expiryMinutes: 30 })
})

test('an exhausted pool is told of once an hour, also when nothing was taken from it; one without addresses is not', async () => {
  const told = async () =>
    (await pool.ctx.db.select().from(events).where(eq(events.storeId, pool.ctx.storeId))).map(({ type, data }) => [
      type,
      data.free,
    ])
  expect(codesOf(await payAll(2))).toEqual(Array(2).fill('no_address_configured'))
  expect(await told()).toEqual([])
  await addPool(40)
  // Each process counts by itself what it takes.
  const processes = Array.from({ length: 3 }, () => ({ ...pool.ctx, poolWatch: createPoolWatch() }))
  for (let n = 0; n < 45; n++) {
    const taker = processes[n % 3] ?? pool.ctx
    await Promise.allSettled([createPayment(taker, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt' })])
  }
  expect(await told()).toEqual([['addresses.low', expect.any(Number)]])
  pool.world.clock.advance(3_600_000)
  await payAll(3)
  expect(await told()).toHaveLength(2)
})
