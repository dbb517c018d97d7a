import { and, asc, eq, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { placeholders, placeholdersOfRows, portionsOf, prepared, valuesOf } from '../../db/prepared'
import { together } from '../../db/transaction'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { recordEvent } from '../webhooks/events'
import { realmOf } from './service'
import { isFree, paymentClaims, poolWarnings, type ReceiveAddressRow, receiveAddresses } from './table'

/** Which addresses payments lock, and for how long: within the transaction that makes or ends the payment. */

/** Fewer free addresses than this are a warning to the pool's owner, at most once an hour. */
const FEW = 3
const COUNTED = 100
const WARNED_EVERY_MS = HOUR_MS

/** Where to look again after all addresses were held: a payment ends within its half hour, most of them much sooner. */
const RETRY_SECONDS = 30

/** Another payment has the claim: the address was not as free as it looked. */
export class AddressClaimedError extends Error {
  override readonly name = 'AddressClaimedError'

  constructor(readonly taken: Pick<ReceiveAddressRow, 'id' | 'network' | 'address'>) {
    super(`${taken.address} is claimed by another payment`)
  }
}

/**
 * The free addresses that have rested longest, locked until the transaction ends: parallel calls get different ones and never wait for
 * each other. Fewer than asked for where there are no more.
 */
export async function freeAddresses(
  tx: StoreContext,
  network: NetworkName,
  count: number,
): Promise<Pick<ReceiveAddressRow, 'id' | 'address'>[]> {
  const statement = prepared(tx.db, `free_addresses_${count}`, (db, name) => {
    const { id, address } = receiveAddresses
    const columns = { id: sql`id`.mapWith(id).as('id'), address: sql`address`.mapWith(address).as('address') }
    return db
      .select(columns)
      .from(sql`(${longestRested(db, count)} for update skip locked) free`)
      .prepare(name)
  })
  return statement.execute({ storeId: tx.storeId, isTest: tx.isTest, network })
}

/** Takes addresses out of the pool, for these payments. */
export async function holdAddresses(
  tx: StoreContext,
  payments: readonly Pick<Held, 'id' | 'addressId'>[],
): Promise<void> {
  if (payments.length === 0) return
  const r = receiveAddresses
  const { storeId, ids, addressIds, at } = placeholders('storeId', 'ids', 'addressIds', 'at')
  const statement = prepared(tx.db, 'hold_addresses', (db, name) =>
    db
      .update(r)
      .set({
        heldBy: sql`held.payment_id`,
        usedCount: sql`${r.usedCount} + 1`,
        lastUsedAt: sql`${sql.param(at, r.lastUsedAt)}`,
      })
      .from(sql`unnest(${addressIds}::uuid[], ${ids}::uuid[]) held(address_id, payment_id)`)
      .where(and(eq(r.storeId, storeId), sql`${r.id} = held.address_id`))
      .prepare(name),
  )
  await statement.execute({
    storeId: tx.storeId,
    ids: payments.map(({ id }) => id),
    addressIds: payments.map(({ addressId }) => addressId),
    at: tx.clock.now(),
  })
}

/**
 * The rows that let no second payment wait at these addresses. For one address, throws AddressClaimedError when there is a claim already;
 * `correctHolder` then puts the pool right, and another address can be taken. For several, a claim that is there may also be the database's
 * error of a key that is taken.
 */
export async function claimAddresses(tx: StoreContext, taken: readonly Held[]): Promise<void> {
  const claimed = await together(portionsOf(taken).map((portion) => insertClaims(tx, portion)))
  const mine = new Set(claimed.flat())
  const another = taken.find(({ address }) => !mine.has(address))
  if (another) throw new AddressClaimedError({ ...another, id: another.addressId })
}

/** Returns the addresses that had no claim. */
async function insertClaims(tx: StoreContext, taken: readonly Held[]): Promise<string[]> {
  const claims = taken.map(({ id: paymentId, network, address }) => {
    return { address, network, realm: realmOf(tx), storeId: tx.storeId, paymentId, claimedAt: tx.clock.now() }
  })
  const values = valuesOf(paymentClaims, claims)
  if (claims.length > 1) {
    const statement = prepared(tx.db, `claim_addresses_${claims.length}`, (db, name) =>
      db.insert(paymentClaims).values(placeholdersOfRows(paymentClaims, claims.length)).prepare(name),
    )
    await statement.execute(values)
    return claims.map(({ address }) => address)
  }
  const statement = prepared(tx.db, 'claim_address', (db, name) =>
    db
      .insert(paymentClaims)
      .values(placeholdersOfRows(paymentClaims, 1))
      .onConflictDoNothing()
      .returning({ address: paymentClaims.address })
      .prepare(name),
  )
  return (await statement.execute(values)).map(({ address }) => address)
}

/** The pool says who has the claim, so that the address isn't taken for free again. */
export async function correctHolder(ctx: StoreContext, { taken }: AddressClaimedError): Promise<void> {
  const [claim] = await ctx.db
    .select({ paymentId: paymentClaims.paymentId })
    .from(paymentClaims)
    .where(sameClaim(ctx, taken.network, taken.address))
  if (claim) await hold(ctx, taken.id, claim.paymentId)
}

function hold(ctx: StoreContext, addressId: string, paymentId: string) {
  return ctx.db
    .update(receiveAddresses)
    .set({ heldBy: paymentId })
    .where(and(eq(receiveAddresses.storeId, ctx.storeId), eq(receiveAddresses.id, addressId)))
}

type Held = { id: string; network: NetworkName; address: string; addressId: string }

/**
 * For a payment that a reorganisation of the chain brought back to life: its own address again, where no other payment has got it
 * meanwhile. Where one has, both wait there; transfers are told apart by their time.
 */
export async function reclaimAddress(tx: StoreContext, payment: Held): Promise<void> {
  if ((await insertClaims(tx, [payment])).length > 0) await hold(tx, payment.addressId, payment.id)
}

/** Lets go of the addresses of payments that have ended; from now on they rest. */
export async function releaseAddresses(tx: StoreContext, payments: readonly Held[]): Promise<void> {
  if (payments.length === 0) return
  const c = paymentClaims
  const r = receiveAddresses
  const slots = placeholders('realm', 'storeId', 'ids', 'addresses', 'addressIds', 'at')
  const isTheirs = (column: SQLWrapper) => sql`${column} = any(${slots.ids}::uuid[])`
  const unclaim = prepared(tx.db, 'release_claims', (db, name) =>
    db
      .delete(c)
      .where(and(sql`${c.address} = any(${slots.addresses}::text[])`, eq(c.realm, slots.realm), isTheirs(c.paymentId)))
      .prepare(name),
  )
  const free = prepared(tx.db, 'release_addresses', (db, name) =>
    db
      .update(r)
      .set({ heldBy: null, lastUsedAt: sql`${sql.param(slots.at, r.lastUsedAt)}` })
      .where(and(eq(r.storeId, slots.storeId), sql`${r.id} = any(${slots.addressIds}::uuid[])`, isTheirs(r.heldBy)))
      .prepare(name),
  )
  const values = {
    realm: realmOf(tx),
    storeId: tx.storeId,
    ids: payments.map(({ id }) => id),
    addresses: payments.map(({ address }) => address),
    addressIds: payments.map(({ addressId }) => addressId),
    at: tx.clock.now(),
  }
  await together([unclaim.execute(values), free.execute(values)])
}

function sameClaim(tx: StoreContext, network: NetworkName, address: string) {
  return and(
    eq(paymentClaims.address, address),
    eq(paymentClaims.network, network),
    eq(paymentClaims.realm, realmOf(tx)),
  )
}

function ofPool({ storeId, isTest }: StoreContext, network: NetworkName) {
  return and(
    eq(receiveAddresses.storeId, storeId),
    eq(receiveAddresses.isTest, isTest),
    eq(receiveAddresses.network, network),
  )
}

/** Why there is no address: no_address_configured when the pool has none, all_addresses_held when each has a payment. */
export async function noneFree(tx: StoreContext, network: NetworkName): Promise<AppError> {
  const { title } = NETWORK_FACTS[network]
  const [any] = await tx.db
    .select({ id: receiveAddresses.id })
    .from(receiveAddresses)
    .where(and(ofPool(tx, network), eq(receiveAddresses.status, 'active')))
    .limit(1)
  if (any) {
    const words = `Every active ${title} address is locked by another pending payment. Retry after one of them ends, or add more addresses.`
    return new AppError('all_addresses_held', words, {
      hint: 'add_addresses adds some; each pending payment needs one.',
      retryAfterSeconds: RETRY_SECONDS,
    })
  }
  const words = `No receive address is configured for ${title}. Add one to your pool and retry.`
  return new AppError('no_address_configured', words, {
    field: 'network',
    hint: 'add_addresses adds addresses of a wallet that you control. A test key has a pool of its own.',
  })
}

/** Counts now and then, and no further than it has to: a pool may be large. */
export async function warnWhenFew(tx: StoreContext, network: NetworkName, taken: number): Promise<void> {
  const { storeId, isTest, poolWatch } = tx
  const pool = `${storeId} ${isTest} ${network}`
  if (!poolWatch.isDue(pool, taken)) return
  const statement = prepared(tx.db, 'count_free_addresses', (db, name) => countQuery(db).prepare(name))
  const [{ free } = { free: 0 }] = await statement.execute({ storeId, isTest, network })
  poolWatch.counted(pool, free - FEW)
  if (free >= FEW) return
  const at = tx.clock.now()
  const [warned] = await tx.db
    .insert(poolWarnings)
    .values({ storeId, isTest, network, warnedAt: at })
    .onConflictDoUpdate({
      target: [poolWarnings.storeId, poolWarnings.isTest, poolWarnings.network],
      set: { warnedAt: sql`excluded.warned_at` },
      setWhere: sql`${poolWarnings.warnedAt} <= ${sql.param(addMs(at, -WARNED_EVERY_MS), poolWarnings.warnedAt)}`,
    })
    .returning({ at: poolWarnings.warnedAt })
  if (!warned) return
  const data = { network, free, is_test: isTest }
  await recordEvent(tx, { type: 'addresses.low', data, at })
}

function countQuery(db: Db) {
  return db.select({ free: sql<number>`count(*)`.mapWith(Number) }).from(sql`(${longestRested(db, COUNTED)}) free`)
}

/** Of the pool that the placeholders storeId, isTest and network name. The limit is text: see `prepared`. */
function longestRested(db: Db, count: number): SQL {
  const r = receiveAddresses
  const { storeId, isTest, network } = placeholders('storeId', 'isTest', 'network')
  const rested = db
    .select({ id: r.id, address: r.address })
    .from(r)
    .where(and(eq(r.storeId, storeId), eq(r.isTest, isTest), eq(r.network, network), isFree))
    .orderBy(sql`${r.lastUsedAt} asc nulls first`, asc(r.id))
  return sql`${rested.getSQL()} limit ${sql.raw(String(count))}`
}
