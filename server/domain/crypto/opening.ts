import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { placeholdersOf, prepared } from '../../db/prepared'
import { inTransaction, together } from '../../db/transaction'
import { type Batches, createBatches } from '../../kernel/batches'
import { AppError } from '../../kernel/errors'
import { newPaymentNumber, newPaymentToken } from '../../kernel/ids'
import {
  AddressClaimedError,
  claimAddress,
  correctHolder,
  freeAddresses,
  holdAddresses,
  noneFree,
  warnWhenFew,
} from '../addresses/claims'
import { getSettings } from './settings'
import { type CryptoPaymentRow, cryptoPayments } from './table'
import { type Opening, termsOf } from './terms'

/** Of one pool, so many transactions of one process at a time: while they run, the next one's payments gather. */
const BATCHES = { atOnce: 4, most: 32 }

const batchesOf = new WeakMap<object, Batches<StoreContext, Opening, CryptoPaymentRow>>()

/**
 * Takes an address for the payment and writes it. Calls at the same time for one pool share a transaction, since most of what a
 * payment alone costs is four round trips to the database.
 * Throws no_address_configured, all_addresses_held, and idempotency_in_flight where the payment is there already.
 */
export async function openPayment(ctx: StoreContext, opening: Opening): Promise<CryptoPaymentRow> {
  if (ctx.afterCommit || opening.order) return openAlone(ctx, opening)
  const batches = batchesOf.get(ctx.db) ?? createBatches(openTogether, BATCHES)
  batchesOf.set(ctx.db, batches)
  return batches.add(`${ctx.storeId} ${ctx.isTest} ${opening.input.network}`, ctx, opening)
}

async function openTogether(ctx: StoreContext, openings: readonly Opening[]) {
  if (openings.length > 1) {
    try {
      return await inTransaction(ctx, (tx) => openAll(tx, openings))
    } catch (error) {
      // One of them spoils it for all, which is rare: each on its own, then.
      ctx.log.warn({ err: error, payments: openings.length }, 'payments that were made together are made one by one')
    }
  }
  const outcomes: PromiseSettledResult<CryptoPaymentRow>[] = []
  for (const opening of openings) outcomes.push(...(await Promise.allSettled([openAlone(ctx, opening)])))
  return outcomes
}

async function openAlone(ctx: StoreContext, opening: Opening): Promise<CryptoPaymentRow> {
  for (;;) {
    try {
      return await inTransaction(ctx, async (tx) => {
        await opening.order?.hold(tx)
        const [outcome] = await openAll(tx, [opening])
        if (outcome?.status === 'fulfilled') return outcome.value
        throw outcome?.reason
      })
    } catch (error) {
      if (!(error instanceof AddressClaimedError)) throw error
      await correctHolder(ctx, error)
    }
  }
}

/** Of one pool. Those that come first get what is free. What doesn't depend on each other is sent at once. */
async function openAll(
  tx: StoreContext,
  openings: readonly Opening[],
): Promise<PromiseSettledResult<CryptoPaymentRow>[]> {
  const network = openings[0]?.input.network
  if (!network) return []
  const [settings, free] = await together([getSettings(tx), freeAddresses(tx, network, openings.length)])
  const rows = openings.flatMap((opening, at) => {
    const { id: addressId, address } = free[at] ?? {}
    if (addressId === undefined || address === undefined) return []
    return newPayment(tx, { ...termsOf(tx, opening, settings), addressId, address })
  })
  const reason = rows.length < openings.length ? await noneFree(tx, network) : undefined
  const [opened] = await together([
    together(rows.map((row) => insertPayment(tx, row))),
    holdAddresses(tx, rows),
    together(rows.map((row) => claimAddress(tx, row))),
  ])
  await warnWhenFew(tx, network, rows.length)
  return openings.map((_, at) => {
    const value = opened[at]
    return value ? { status: 'fulfilled', value } : { status: 'rejected', reason }
  })
}

type Terms = ReturnType<typeof termsOf> & Pick<CryptoPaymentRow, 'addressId' | 'address'>

function newPayment({ storeId, isTest }: StoreContext, terms: Terms): CryptoPaymentRow {
  return {
    ...terms,
    storeId,
    isTest,
    number: newPaymentNumber(terms.createdAt),
    token: newPaymentToken(storeId),
    status: 'pending',
    creditedUnits: null,
    lateUnits: 0n,
    txHash: null,
    height: null,
    confirmedAt: null,
    reversedAt: null,
    dueHeight: null,
  }
}

/** With another number where that one is taken, as it is once in a thousand million payments of a day. */
async function insertPayment(tx: StoreContext, row: CryptoPaymentRow): Promise<CryptoPaymentRow> {
  const statement = prepared(tx.db, 'insert_crypto_payment', (db, name) =>
    db
      .insert(cryptoPayments)
      .values(placeholdersOf(cryptoPayments))
      .onConflictDoNothing()
      .returning({ id: cryptoPayments.id })
      .prepare(name),
  )
  const inserted = await statement.execute(row)
  if (inserted.length > 0) return row
  const [there] = await tx.db
    .select({ id: cryptoPayments.id })
    .from(cryptoPayments)
    .where(and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.id, row.id)))
  if (!there) return insertPayment(tx, { ...row, number: newPaymentNumber(row.createdAt) })
  throw new AppError('idempotency_in_flight', 'A request with this idempotency key is still running.', {
    field: 'idempotency_key',
  })
}
