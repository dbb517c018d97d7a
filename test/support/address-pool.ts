import { and, eq, ne } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { type StoreContext, storeContext } from '../../server/context'
import { inTransaction } from '../../server/db/transaction'
import { reclaimAddress } from '../../server/domain/addresses/claims'
import { addAddresses } from '../../server/domain/addresses/service'
import { freeAddresses, paymentClaims, receiveAddresses } from '../../server/domain/addresses/table'
import { createPayment } from '../../server/domain/crypto/service'
import { cryptoPayments } from '../../server/domain/crypto/table'
import { evmAddress } from './crypto'
import { held } from './held'
import { createWorld, type World } from './world'

export const codesOf = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? String(outcome.reason.code) : []))

export const valuesOf = <T>(outcomes: PromiseSettledResult<T>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))

/** A store of its own for each test of a file, with what its pool of addresses is for. */
export function useAddressPool() {
  const world = held<World>('the server')
  const context = held<StoreContext>('the store')
  const revived = new Set<string>()
  beforeAll(async () => world.set(await createWorld()))
  afterAll(() => world.peek()?.close())
  beforeEach(async () => {
    const { store } = await world.get().openStore()
    context.set(storeContext(world.get().deps, store.storeId, true))
  })

  const pay = (email?: string, run?: string) =>
    createPayment(
      context.get(),
      { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt', customer_email: email },
      { run },
    )

  /** What has to be so at any time that nothing runs: an address is free or held by the payment that waits at it, or neither. */
  async function expectSoundPool() {
    const { db, storeId } = context.get()
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
    const wait = waiting.map(({ id, address, number }) => ({
      name: `${id} ${address}`,
      isRevived: revived.has(number),
    }))
    const certain = wait.filter(({ isRevived, name }) => !isRevived || claimed.includes(name))
    expect(claimed).toEqual(certain.map(({ name }) => name).sort())
    const held = new Set(names(claims))
    const rested = pool.filter(({ status, address }) => status === 'active' && !held.has(address))
    const idsOf = (rows: { id: string; address: string }[]) => rows.map(({ id, address }) => `${id} ${address}`).sort()
    expect(idsOf(free.map(({ addressId: id, address }) => ({ id, address })))).toEqual(idsOf(rested))
  }

  /** What a reorganisation does to a payment that had ended. */
  async function revive(number: string) {
    await inTransaction(context.get(), async (tx) => {
      const isIt = and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.number, number))
      const [payment] = await tx.db.select().from(cryptoPayments).where(isIt).for('update')
      if (payment?.status !== 'cancelled') return
      await tx.db.update(cryptoPayments).set({ status: 'pending' }).where(isIt)
      await reclaimAddress(tx, payment)
      revived.add(number)
    })
  }

  return {
    get world() {
      return world.get()
    },
    get ctx() {
      return context.get()
    },
    set ctx(ctx) {
      context.set(ctx)
    },
    pay,
    payAll: (count: number) => Promise.allSettled(Array.from({ length: count }, () => pay())),
    addPool: (count: number) => {
      const addresses = Array.from({ length: count }, (_, n) => ({ address: evmAddress(n) }))
      return addAddresses(context.get(), { network: 'bsc', addresses })
    },
    expectSoundPool,
    revive,
  }
}
