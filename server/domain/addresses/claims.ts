import { and, asc, eq, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { recordEvent } from '../webhooks/events'
import { realmOf } from './service'
import { isFree, paymentClaims, poolWarnings, type ReceiveAddressRow, receiveAddresses } from './table'

/** Which addresses payments lock, and for how long: within the transaction that makes or ends the payment. */

/** Fewer free addresses than this are a warning to the pool's owner, at most once an hour. */
const FEW = 3
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
 * Takes the free address that has rested longest out of the pool, for a payment. Parallel calls take different ones and never wait
 * for each other. Throws no_address_configured when the pool has none, and all_addresses_held when each has a payment.
 */
export async function takeAddress(
  tx: StoreContext,
  network: NetworkName,
  paymentId: string,
): Promise<Pick<ReceiveAddressRow, 'id' | 'network' | 'address'>> {
  const rested = tx.db
    .select({ id: receiveAddresses.id })
    .from(receiveAddresses)
    .where(and(ofPool(tx, network), isFree))
    .orderBy(sql`${receiveAddresses.lastUsedAt} asc nulls first`, asc(receiveAddresses.id))
    .limit(1)
    .for('update', { skipLocked: true })
  const [taken] = await tx.db
    .update(receiveAddresses)
    .set({ heldBy: paymentId, usedCount: sql`${receiveAddresses.usedCount} + 1`, lastUsedAt: tx.clock.now() })
    .where(and(eq(receiveAddresses.storeId, tx.storeId), eq(receiveAddresses.id, rested)))
    .returning({ id: receiveAddresses.id, network: receiveAddresses.network, address: receiveAddresses.address })
    .prepare('take_address')
    .execute()
  if (!taken) throw await noneFree(tx, network)
  return taken
}

/**
 * The row that lets no second payment wait at the address. Throws AddressClaimedError when there is one already; `correctHolder` then
 * puts the pool right, and another address can be taken.
 */
export async function claimAddress(tx: StoreContext, taken: Held): Promise<void> {
  if (!(await insertClaim(tx, taken))) throw new AddressClaimedError({ ...taken, id: taken.addressId })
}

async function insertClaim(tx: StoreContext, { id: paymentId, network, address }: Held): Promise<boolean> {
  const claim = { address, network, realm: realmOf(tx), storeId: tx.storeId, paymentId, claimedAt: tx.clock.now() }
  const mine = await tx.db
    .insert(paymentClaims)
    .values(claim)
    .onConflictDoNothing()
    .returning({ paymentId: paymentClaims.paymentId })
    .prepare('claim_address')
    .execute()
  return mine.length > 0
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
  if (await insertClaim(tx, payment)) await hold(tx, payment.addressId, payment.id)
}

/** Lets go of the address of a payment that has ended; from now on it rests. */
export async function releaseAddress(tx: StoreContext, { id, network, address, addressId }: Held): Promise<void> {
  await tx.db.delete(paymentClaims).where(and(sameClaim(tx, network, address), eq(paymentClaims.paymentId, id)))
  await tx.db
    .update(receiveAddresses)
    .set({ heldBy: null, lastUsedAt: tx.clock.now() })
    .where(
      and(
        eq(receiveAddresses.storeId, tx.storeId),
        eq(receiveAddresses.id, addressId),
        eq(receiveAddresses.heldBy, id),
      ),
    )
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

async function noneFree(tx: StoreContext, network: NetworkName): Promise<AppError> {
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

/** Counts no further than it has to: a pool may be large. */
export async function warnWhenFew(tx: StoreContext, network: NetworkName): Promise<void> {
  const free = await tx.db
    .select({ id: receiveAddresses.id })
    .from(receiveAddresses)
    .where(and(ofPool(tx, network), isFree))
    .limit(FEW)
    .prepare('few_addresses')
    .execute()
  if (free.length >= FEW) return
  const { storeId, isTest } = tx
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
  const data = { network, free: free.length, is_test: isTest }
  await recordEvent(tx, { type: 'addresses.low', data, at })
}
