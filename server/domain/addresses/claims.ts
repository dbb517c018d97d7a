import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { placeholders, prepared } from '../../db/prepared'
import { selectedFor } from '../../db/recordset'
import { AppError, type ErrorCode } from '../../kernel/errors'
import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { realmOf } from './service'
import { freeAddresses, paymentClaims, receiveAddresses } from './table'

/** Which addresses payments lock, and for how long: within the transaction that makes or ends the payment. */

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
 * that have rested longest, fewer where there are no more, and none unless `condition`; `claimed` says which payment has got which. An
 * address that had a claim already, and so was not as free as it looked, is taken without being claimed.
 *
 * Statements at the same time get different addresses and never wait for each other. They take the placeholders storeId, isTest,
 * network, realm, and those of the place after which to look.
 */
export function addressTaking(db: Db, payments: string, condition: SQL) {
  const f = freeAddresses
  const c = paymentClaims
  const many = sql`(select count(*) from ${sql.identifier(payments)})`
  const { restingSince, addressId } = placeholders('restingSince', 'addressId')
  const after = sql`(${f.restingSince}, ${f.addressId}) > ((select ${sql.param(restingSince, f.restingSince)}::timestamptz), (select ${addressId}::uuid))`
  const rested = sql`select ctid ${longestRested(sql`${condition} and ${after}`)} limit ${many} for update skip locked`
  const taken = sql`delete from ${f} where ctid = any(array(${rested})) returning *`
  const { realm } = placeholders('realm')
  const values = { realm: sql`${realm}::bigint`, paymentId: sql`p.id`, claimedAt: sql`p.created_at` }
  const nth = (rows: string) => sql`(select *, row_number() over () as nth from ${sql.identifier(rows)})`
  const claimed = db
    .insert(c)
    .select(sql`select ${selectedFor(c, values, 't')} from ${nth(payments)} p join ${nth('taken')} t using (nth)`)
    .onConflictDoNothing()
    .returning({ address: c.address, paymentId: c.paymentId })
  return [db.$with('taken', {}).as(taken), db.$with('claimed').as(claimed)] as const
}

type Held = { id: string; network: NetworkName; address: string; addressId: string }

/**
 * For a payment that a reorganisation of the chain brought back to life: its own address again, where no other payment has got it
 * meanwhile. Where one has, both wait there; transfers are told apart by their time.
 */
export async function reclaimAddress(tx: StoreContext, payment: Held): Promise<void> {
  const { network, address } = payment
  const f = freeAddresses
  // First the address and then its claim, as who takes it does: neither waits for the other in a circle.
  await tx.db
    .delete(f)
    .where(
      and(
        eq(f.storeId, tx.storeId),
        eq(f.isTest, tx.isTest),
        eq(f.network, network),
        eq(f.addressId, payment.addressId),
      ),
    )
  const claim = { address, network, realm: realmOf(tx), storeId: tx.storeId, paymentId: payment.id }
  const claimed = await tx.db
    .insert(paymentClaims)
    .values({ ...claim, claimedAt: tx.clock.now() })
    .onConflictDoNothing()
    .returning({ address: paymentClaims.address })
  if (claimed.length === 0) return
  // It lets go of it a second time.
  const r = receiveAddresses
  await tx.db
    .update(r)
    .set({ usedCount: sql`${r.usedCount} - 1` })
    .where(and(eq(r.storeId, tx.storeId), eq(r.id, payment.addressId)))
}

/** Lets go of the addresses of payments that have ended; from now on they rest. */
export async function releaseAddresses(tx: StoreContext, payments: readonly Held[]): Promise<void> {
  if (payments.length === 0) return
  await prepared(tx.db, 'release_addresses', releasing).execute({
    realm: realmOf(tx),
    storeId: tx.storeId,
    isTest: tx.isTest,
    ids: payments.map(({ id }) => id),
    addresses: payments.map(({ address }) => address),
    at: tx.clock.now(),
  })
}

/**
 * An address that was removed and added again while its payment waited goes back to the pool that it is in now. One that was disabled
 * meanwhile does not.
 */
function releasing(db: Db, name: string) {
  const c = paymentClaims
  const r = receiveAddresses
  const f = freeAddresses
  const slots = placeholders('realm', 'storeId', 'isTest', 'ids', 'addresses', 'at')
  const unclaimed = db
    .delete(c)
    .where(
      and(
        sql`${c.address} = any(${slots.addresses}::text[])`,
        eq(c.realm, slots.realm),
        sql`${c.paymentId} = any(${slots.ids}::uuid[])`,
      ),
    )
    .returning({ network: c.network, address: c.address })
  const at = sql`${sql.param(slots.at, r.lastUsedAt)}`
  const rested = db
    .update(r)
    .set({ usedCount: sql`${r.usedCount} + 1`, lastUsedAt: at })
    .from(sql`unclaimed u`)
    .where(
      and(
        eq(r.storeId, slots.storeId),
        eq(r.isTest, slots.isTest),
        sql`${r.network} = u.network and ${r.address} = u.address and ${r.status} <> 'removed'`,
      ),
    )
    .returning()
  const free = selectedFor(f, { addressId: sql`r.id`, restingSince: sql`r.last_used_at` }, 'r')
  return db
    .with(db.$with('unclaimed').as(unclaimed), db.$with('rested').as(rested))
    .insert(f)
    .select(sql`select ${free} from rested r where r.status = 'active'`)
    .onConflictDoNothing()
    .prepare(name)
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
