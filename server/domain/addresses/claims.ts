import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { placeholders, placeholdersOfRows, portionsOf, prepared, valuesOf } from '../../db/prepared'
import { selectedFor } from '../../db/recordset'
import { together } from '../../db/transaction'
import { AppError, type ErrorCode } from '../../kernel/errors'
import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { START } from './pool-watch'
import { realmOf } from './realm'
import { freeAddresses, paymentClaims, type ReceiveAddressRow, receiveAddresses } from './table'

/*
 * Which addresses payments lock, and for how long. Nobody waits for a free address's row who has a claim, and nobody for a claim whose
 * free row they could have: so no two wait for each other. A row of the pool is locked before either.
 */

/** Where to look again after all addresses were held: a payment ends within its half hour, most of them much sooner. */
const RETRY_SECONDS = 30

/** In the pool that the placeholders storeId, isTest and network name, those that have rested longest come first. */
export function longestRested(condition?: SQL): SQL {
  const f = freeAddresses
  const { storeId, isTest, network } = placeholders('storeId', 'isTest', 'network')
  const isInPool = and(eq(f.storeId, storeId), eq(f.isTest, isTest), eq(f.network, network), condition)
  return sql`from ${f} where ${isInPool} order by ${f.restingSince}, ${f.addressId}`
}

/**
 * The parts of a statement that give its `payments`, which have an id and a created_at, an address each: `taken` are those free ones
 * after a place that have rested longest, fewer where there are no more, and none unless `condition`; `claimed` says which payment has
 * got which. An address that had a claim already, and so was not as free as it looked, is taken without being claimed.
 *
 * Statements at the same time get different addresses and never wait for each other. They take the placeholders storeId, isTest,
 * network, realm, and those of the place.
 */
export function addressTaking(db: Db, payments: string, condition: SQL) {
  const f = freeAddresses
  const c = paymentClaims
  const slots = placeholders('storeId', 'restingSince', 'addressId', 'realm')
  // What comes from a subquery has no value when a statement is planned: one plan does for all, and it is by the index.
  const since = sql`(select ${sql.param(slots.restingSince, f.restingSince)}::timestamptz)`
  const isAfter = sql`(${f.restingSince}, ${f.addressId}) > (${since}, (select ${slots.addressId}::uuid))`
  const many = sql`(select count(*) from ${sql.identifier(payments)})`
  const rested = sql`select ${f.addressId} ${longestRested(sql`${condition} and ${isAfter}`)} limit ${many} for update skip locked`
  const taken = db
    .delete(f)
    .where(and(eq(f.storeId, slots.storeId), sql`${f.addressId} = any(array(${rested}))`))
    .returning()
  const values = { realm: sql`${slots.realm}::bigint`, paymentId: sql`p.id`, claimedAt: sql`p.created_at` }
  const nth = (rows: string) => sql`(select *, row_number() over () as nth from ${sql.identifier(rows)})`
  const claimed = db
    .insert(c)
    .select(sql`select ${selectedFor(c, values, 't')} from ${nth(payments)} p join ${nth('taken')} t using (nth)`)
    .onConflictDoNothing()
    .returning({ address: c.address, paymentId: c.paymentId })
  return [db.$with('taken').as(taken), db.$with('claimed').as(claimed)] as const
}

type Held = { id: string; network: NetworkName; address: string; addressId: string }

/**
 * For a payment that a reorganisation of the chain brought back to life: its own address again, where that is still in the pool and no
 * other payment has got it meanwhile. Where one has, both wait there; transfers are told apart by their time.
 */
export async function reclaimAddress(tx: StoreContext, payment: Held): Promise<void> {
  const [row] = await lockAddresses(tx, [payment])
  if (!row) return
  const { network, address } = row
  // First, so that nobody takes it from now on and waits for its claim.
  const wasFree = await dropFree(tx, row)
  const claim = { address, network, realm: realmOf(tx), storeId: tx.storeId, paymentId: payment.id }
  const claimed = await tx.db
    .insert(paymentClaims)
    .values({ ...claim, claimedAt: tx.clock.now() })
    .onConflictDoNothing()
    .returning({ address: paymentClaims.address })
  // Whoever was just taking it finds the claim, or has gone.
  if (!wasFree && claimed.length > 0) await dropFree(tx, row)
}

/** Whether it was free. It waits for nobody: one that is being taken isn't free. */
async function dropFree(tx: StoreContext, { id }: ReceiveAddressRow): Promise<boolean> {
  const f = freeAddresses
  const isIt = and(eq(f.storeId, tx.storeId), eq(f.addressId, id))
  const free = sql`array(select ${f.addressId} from ${f} where ${isIt} for update skip locked)`
  const dropped = await tx.db
    .delete(f)
    .where(and(eq(f.storeId, tx.storeId), sql`${f.addressId} = any(${free})`))
    .returning({ id: f.addressId })
  return dropped.length > 0
}

/** Those of these payments that are in the pool, held until the transaction ends: who disables or removes one waits. */
async function lockAddresses(tx: StoreContext, payments: readonly Held[]): Promise<ReceiveAddressRow[]> {
  const r = receiveAddresses
  const statement = prepared(tx.db, 'lock_addresses', (db, name) => {
    const { storeId, isTest, ids } = placeholders('storeId', 'isTest', 'ids')
    return db
      .select()
      .from(r)
      .where(and(eq(r.storeId, storeId), eq(r.isTest, isTest), sql`${r.id} = any(${ids}::uuid[])`))
      .for('update')
      .prepare(name)
  })
  const { storeId, isTest } = tx
  const rows = await statement.execute({ storeId, isTest, ids: payments.map(({ addressId }) => addressId) })
  const isRemoved = ({ status }: ReceiveAddressRow) => status === 'removed'
  const anew = await together(rows.filter(isRemoved).map((row) => lockAddedAnew(tx, row)))
  return [...rows.filter((row) => !isRemoved(row)), ...anew.flat()]
}

/** An address that was removed and added again since it was taken has a new row. */
async function lockAddedAnew(tx: StoreContext, { network, address }: ReceiveAddressRow): Promise<ReceiveAddressRow[]> {
  const r = receiveAddresses
  const isSame = and(eq(r.isTest, tx.isTest), eq(r.network, network), eq(r.address, address), ne(r.status, 'removed'))
  return tx.db
    .select()
    .from(r)
    .where(and(eq(r.storeId, tx.storeId), isSame))
    .for('update')
}

/** Lets go of the addresses of payments that have ended; from now on they rest. One that was disabled meanwhile stays out. */
export async function releaseAddresses(tx: StoreContext, payments: readonly Held[]): Promise<void> {
  if (payments.length === 0) return
  const [rows, unclaimed] = await together([lockAddresses(tx, payments), deleteClaims(tx, payments)])
  const names = new Set(unclaimed.map(({ network, address }) => `${network} ${address}`))
  const rested = rows.filter(({ network, address }) => names.has(`${network} ${address}`))
  if (rested.length === 0) return
  const at = tx.clock.now()
  const r = receiveAddresses
  const note = prepared(tx.db, 'note_rest', (db, name) => {
    const slots = placeholders('storeId', 'ids', 'at')
    return db
      .update(r)
      .set({ lastUsedAt: sql`${sql.param(slots.at, r.lastUsedAt)}` })
      .where(and(eq(r.storeId, slots.storeId), sql`${r.id} = any(${slots.ids}::uuid[])`))
      .prepare(name)
  })
  await together([
    note.execute({ storeId: tx.storeId, ids: rested.map(({ id }) => id), at }),
    setFree(
      tx,
      rested.filter(({ status }) => status === 'active').map((row) => ({ ...row, lastUsedAt: at })),
    ),
  ])
}

function deleteClaims(tx: StoreContext, payments: readonly Held[]) {
  const c = paymentClaims
  const statement = prepared(tx.db, 'release_claims', (db, name) => {
    const { realm, ids, addresses } = placeholders('realm', 'ids', 'addresses')
    const isTheirs = sql`${c.paymentId} = any(${ids}::uuid[])`
    return db
      .delete(c)
      .where(and(sql`${c.address} = any(${addresses}::text[])`, eq(c.realm, realm), isTheirs))
      .returning({ network: c.network, address: c.address })
      .prepare(name)
  })
  return statement.execute({
    realm: realmOf(tx),
    ids: payments.map(({ id }) => id),
    addresses: payments.map(({ address }) => address),
  })
}

/** Active addresses without a claim, whose rows are held by this transaction or new. */
export async function setFree(tx: StoreContext, rows: readonly ReceiveAddressRow[]): Promise<void> {
  const f = freeAddresses
  const free = rows.map(({ id: addressId, lastUsedAt, storeId, isTest, network, address }) => {
    return { storeId, isTest, network, address, addressId, restingSince: lastUsedAt ?? START.restingSince }
  })
  for (const portion of portionsOf(free)) {
    const statement = prepared(tx.db, `set_free_${portion.length}`, (db, name) =>
      db.insert(f).values(placeholdersOfRows(f, portion.length)).onConflictDoNothing().prepare(name),
    )
    await statement.execute(valuesOf(f, portion))
  }
}

const NONE_FREE: readonly string[] = ['no_address_configured', 'all_addresses_held'] satisfies ErrorCode[]

export function isNoneFree(error: unknown): error is AppError {
  return error instanceof AppError && NONE_FREE.includes(error.code)
}

/** Why there is no address: no_address_configured when the pool has none, all_addresses_held when each has a payment. */
export async function noneFree({ db, storeId, isTest }: StoreContext, network: NetworkName): Promise<AppError> {
  const { title } = NETWORK_FACTS[network]
  const r = receiveAddresses
  const [any] = await db
    .select({ id: r.id })
    .from(r)
    .where(and(eq(r.storeId, storeId), eq(r.isTest, isTest), eq(r.network, network), eq(r.status, 'active')))
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
