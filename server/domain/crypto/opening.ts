import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { placeholdersOfRows, portionsOf, prepared, valuesOf } from '../../db/prepared'
import { inTransaction, together } from '../../db/transaction'
import { createBatches } from '../../kernel/batches'
import { AppError } from '../../kernel/errors'
import { newPaymentNumber, newPaymentToken } from '../../kernel/ids'
import {
  AddressClaimedError,
  claimAddresses,
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
const BATCHES = { atOnce: 2, most: 32 }

/**
 * Takes an address for the payment and writes it. Calls at the same time for one pool share a transaction, since most of what a
 * payment alone costs is four round trips to the database.
 * Throws no_address_configured, all_addresses_held, and idempotency_in_flight where the payment is there already.
 */
export async function openPayment(ctx: StoreContext, opening: Opening): Promise<CryptoPaymentRow> {
  if (ctx.afterCommit || opening.order) return openAlone(ctx, opening)
  return openWithOthers(ctx, `${ctx.storeId} ${ctx.isTest} ${opening.input.network}`, opening)
}

const openWithOthers = createBatches(async (ctx: StoreContext, openings: readonly Opening[]) => {
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
}, BATCHES)

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
  // The driver sends what is long at once, with what was short before it.
  const [, , opened] = await together([holdAddresses(tx, rows), claimAddresses(tx, rows), insertPayments(tx, rows)])
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

async function insertPayments(tx: StoreContext, rows: readonly CryptoPaymentRow[]): Promise<CryptoPaymentRow[]> {
  const portions = await together(portionsOf(rows).map((portion) => insertPortion(tx, portion)))
  return portions.flat()
}

/** Rows that come together are the batch's: what is taken fails all of it, and each is tried on its own then. */
async function insertPortion(tx: StoreContext, rows: readonly CryptoPaymentRow[]): Promise<CryptoPaymentRow[]> {
  const [row] = rows
  if (row && rows.length === 1) return [(await insertIfNew(tx, row)) ? row : await insertAnew(tx, row)]
  const p = cryptoPayments
  const statement = prepared(tx.db, `insert_crypto_payments_${rows.length}`, (db, name) =>
    db.insert(p).values(placeholdersOfRows(p, rows.length)).prepare(name),
  )
  await statement.execute(valuesOf(p, rows))
  return [...rows]
}

async function insertIfNew(tx: StoreContext, row: CryptoPaymentRow): Promise<boolean> {
  const p = cryptoPayments
  const statement = prepared(tx.db, 'insert_crypto_payment', (db, name) =>
    db.insert(p).values(placeholdersOfRows(p, 1)).onConflictDoNothing().returning({ id: p.id }).prepare(name),
  )
  return (await statement.execute(valuesOf(p, [row]))).length > 0
}

/** With another number, where its own is taken, as it is once in a thousand million payments of a day. */
async function insertAnew(tx: StoreContext, row: CryptoPaymentRow): Promise<CryptoPaymentRow> {
  const [there] = await tx.db
    .select({ id: cryptoPayments.id })
    .from(cryptoPayments)
    .where(and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.id, row.id)))
  if (there) {
    throw new AppError('idempotency_in_flight', 'A request with this idempotency key is still running.', {
      field: 'idempotency_key',
    })
  }
  const numbered = { ...row, number: newPaymentNumber(row.createdAt) }
  return (await insertIfNew(tx, numbered)) ? numbered : insertAnew(tx, numbered)
}
