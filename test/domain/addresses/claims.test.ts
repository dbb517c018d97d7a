import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inTransaction, together } from '../../../server/db/transaction'
import { reclaimAddress, releaseAddresses } from '../../../server/domain/addresses/claims'
import { addAddresses, getAddress, removeAddress, updateAddress } from '../../../server/domain/addresses/service'
import { paymentClaims } from '../../../server/domain/addresses/table'
import { toAddresses } from '../../../server/domain/addresses/view'
import { cancelPayment } from '../../../server/domain/crypto/service'
import { codesOf, useAddressPool, valuesOf } from '../../support/address-pool'
import { evmAddress } from '../../support/crypto'

const pool = useAddressPool()
const { addPool, expectSoundPool, pay, payAll, revive } = pool

test('a payment that a reorganisation brings back has its address again, counted once', async () => {
  await addPool(1)
  const { number, address } = await pay()
  await cancelPayment(pool.ctx, number)
  await revive(number)
  expect(codesOf(await payAll(1))).toEqual(['all_addresses_held'])
  await expect(removeAddress(pool.ctx, address)).rejects.toMatchObject({ code: 'address_held' })
  const shown = async () => (await toAddresses(pool.ctx, [await getAddress(pool.ctx, address)]))[0]
  expect(await shown()).toMatchObject({ state: 'held', held_by: number, payments_count: 1 })
  await expectSoundPool()
  await cancelPayment(pool.ctx, number)
  expect(await shown()).toMatchObject({ state: 'free', held_by: null, payments_count: 1 })
  expect((await pay()).address).toBe(address)
  await expectSoundPool()
})

test('an address that was removed and added again is the one that a payment from before gets back', async () => {
  await addPool(1)
  const { number, address } = await pay()
  await cancelPayment(pool.ctx, number)
  await removeAddress(pool.ctx, address)
  await revive(number)
  await expectSoundPool()
  await cancelPayment(pool.ctx, number)
  await addPool(1)
  await revive(number)
  await expect(removeAddress(pool.ctx, address)).rejects.toMatchObject({ code: 'address_held' })
  await expectSoundPool()
  await cancelPayment(pool.ctx, number)
  expect((await pay()).address).toBe(address)
  await expectSoundPool()
})

test('payments that come back all at once and new ones do not wait for each other', async () => {
  await addPool(30)
  const warnings: string[] = []
  pool.ctx = {
    ...pool.ctx,
    log: { ...pool.ctx.log, warn: ({ err }) => void warnings.push(String((err as Error).cause)) },
  }
  for (let round = 0; round < 12; round++) {
    // In another order than their addresses.
    const ended = valuesOf(await payAll(30)).sort((a, b) => (a.number < b.number ? -1 : 1))
    expect(ended).toHaveLength(30)
    pool.world.clock.advance(11_000)
    for (const { number } of ended) await cancelPayment(pool.ctx, number)
    const back = inTransaction(pool.ctx, (tx) => together(ended.map((payment) => reclaimAddress(tx, payment))))
    // Somewhere in the midst of it, elsewhere in each round.
    await new Promise((resolve) => setTimeout(resolve, round % 6))
    const [, outcomes] = await Promise.all([back, payAll(30)])
    expect(codesOf(outcomes)).toEqual(Array(30 - valuesOf(outcomes).length).fill('all_addresses_held'))
    const claims = await pool.ctx.db.select().from(paymentClaims).where(eq(paymentClaims.storeId, pool.ctx.storeId))
    expect(claims).toHaveLength(30)
    await inTransaction(pool.ctx, (tx) => releaseAddresses(tx, [...ended, ...valuesOf(outcomes)]))
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
    else if (what === 'cancel') await cancelPayment(pool.ctx, number)
    else if (what === 'revive') await revive(number)
    else if (what === 'add') await addAddresses(pool.ctx, { network: 'bsc', address })
    else if (what === 'remove') await removeAddress(pool.ctx, address)
    else await updateAddress(pool.ctx, { id: address, is_active: what === 'enable' })
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
