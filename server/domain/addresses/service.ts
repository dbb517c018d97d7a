import { and, desc, eq, exists, ilike, ne, notExists, or, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { inTransaction } from '../../db/transaction'
import { readAddress } from '../../kernel/chain-address'
import { AppError } from '../../kernel/errors'
import { newRowId, storeOfRowId } from '../../kernel/ids'
import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { cryptoPayments } from '../crypto/table'
import { setFree } from './claims'
import { realmOf } from './realm'
import type { AddressQuery, AddressUpdate, NewAddresses } from './schema'
import { addressOwners, freeAddresses, paymentClaims, type ReceiveAddressRow, receiveAddresses } from './table'

/**
 * Adds all of them or none. One that the pool has already is answered as it is, so that a repetition is harmless.
 * Throws invalid_request naming the address that is wrong, and address_taken for one of another store.
 */
export async function addAddresses(ctx: StoreContext, input: NewAddresses): Promise<ReceiveAddressRow[]> {
  const wanted = new Map<string, { label: string | null; field: string }>()
  for (const { text, label, field } of wishesOf(input)) {
    const address = readOwn(input.network, text, field)
    if (!wanted.has(address)) wanted.set(address, { label: label || null, field })
  }
  return inTransaction(ctx, async (tx) => {
    const rows: ReceiveAddressRow[] = []
    const added: ReceiveAddressRow[] = []
    // In the order of the addresses, so that two calls with the same ones never wait for each other in a circle.
    for (const address of [...wanted.keys()].sort()) {
      const { label = null, field = 'addresses' } = wanted.get(address) ?? {}
      for (let row: ReceiveAddressRow | undefined; !row; ) {
        row = await addAddress(tx, input.network, address, label)
        if (row) added.push(row)
        // Undefined where its owner has let go of it meanwhile: then it can be added.
        row ??= await alreadyThere(tx, input.network, address, field)
        if (row) rows.push(row)
      }
    }
    await setFree(tx, added)
    return [...wanted.keys()].flatMap((address) => rows.filter((row) => row.address === address))
  })
}

function wishesOf({ address: text, label, addresses = [] }: NewAddresses) {
  if (text !== undefined) return [{ text, label, field: 'address' }]
  return addresses.map((one, at) => ({ text: one.address, label: one.label, field: `addresses.${at}.address` }))
}

function readOwn(network: NetworkName, text: string, field: string): string {
  const { address, problem } = readAddress(network, text)
  if (address === undefined) throw new AppError('invalid_request', `${field}: ${problem}`, { field })
  const contract = Object.values(NETWORK_FACTS[network].coins).find((coin) => coin.contract === address)
  if (contract) {
    const words = `${field}: is the contract of ${contract.symbol}, not a wallet: what is sent there is lost`
    throw new AppError('invalid_request', words, { field })
  }
  return address
}

/** Undefined for one that belongs to somebody. One that belongs to nobody has no claim either. */
async function addAddress(
  tx: StoreContext,
  network: NetworkName,
  address: string,
  label: string | null,
): Promise<ReceiveAddressRow | undefined> {
  const at = tx.clock.now()
  const id = newRowId(tx.storeId)
  const realm = realmOf(tx)
  const [owner] = await tx.db
    .insert(addressOwners)
    .values({ address, network, realm, storeId: tx.storeId, addressId: id, addedAt: at })
    .onConflictDoNothing()
    .returning({ id: addressOwners.addressId })
  if (!owner) return undefined
  const values = { storeId: tx.storeId, id, isTest: tx.isTest, network, address, label }
  const [row] = await tx.db
    .insert(receiveAddresses)
    .values({ ...values, status: 'active' as const, createdAt: at })
    .returning()
  if (!row) throw new Error('an insert answers its row')
  return row
}

/** Whether it was free. */
async function takeOut(tx: StoreContext, { id }: ReceiveAddressRow): Promise<boolean> {
  const taken = await tx.db
    .delete(freeAddresses)
    .where(and(eq(freeAddresses.storeId, tx.storeId), eq(freeAddresses.addressId, id)))
    .returning({ id: freeAddresses.addressId })
  return taken.length > 0
}

async function isHeld(ctx: StoreContext, row: ReceiveAddressRow): Promise<boolean> {
  const [claim] = await ctx.db
    .select({ id: paymentClaims.paymentId })
    .from(paymentClaims)
    .where(
      and(
        eq(paymentClaims.address, row.address),
        eq(paymentClaims.network, row.network),
        eq(paymentClaims.realm, realmOf(ctx)),
      ),
    )
  return claim !== undefined
}

/** Also by a payment that a reorganisation brought back when another one had got the address. */
async function isAwaited(tx: StoreContext, { network, address }: ReceiveAddressRow): Promise<boolean> {
  const p = cryptoPayments
  const isAt = and(eq(p.network, network), eq(p.address, address), eq(p.status, 'pending'))
  const [payment] = await tx.db
    .select({ id: p.id })
    .from(p)
    .where(and(eq(p.storeId, tx.storeId), eq(p.isTest, tx.isTest), isAt))
    .limit(1)
  return payment !== undefined
}

async function alreadyThere(tx: StoreContext, network: NetworkName, address: string, field: string) {
  const [own] = await tx.db
    .select()
    .from(receiveAddresses)
    .where(and(ofStore(tx), eq(receiveAddresses.network, network), eq(receiveAddresses.address, address), isThere))
  if (own) return own
  const o = addressOwners
  const isIt = and(eq(o.address, address), eq(o.network, network), eq(o.realm, realmOf(tx)))
  const [owner] = await tx.db.select({ id: o.addressId }).from(o).where(isIt)
  if (!owner) return undefined
  throw new AppError('address_taken', `${field}: ${address} is in another merchant's pool already.`, {
    field,
    hint: 'Use an address of a wallet that only you control. One address belongs to one merchant.',
  })
}

const isThere = ne(receiveAddresses.status, 'removed')

function ofStore({ storeId, isTest }: StoreContext) {
  return and(eq(receiveAddresses.storeId, storeId), eq(receiveAddresses.isTest, isTest))
}

/** Newest first; removed ones are history. */
export async function listAddresses(ctx: StoreContext, query: AddressQuery) {
  const { network, state, search, limit } = query
  const like = search && `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const claim = sql`(select 1 from ${paymentClaims} where ${isClaimed(ctx)})`
  const isState = {
    free: and(eq(receiveAddresses.status, 'active'), notExists(claim)),
    held: exists(claim),
    disabled: eq(receiveAddresses.status, 'disabled'),
  }
  const found = await ctx.db
    .select()
    .from(receiveAddresses)
    .where(
      and(
        ofStore(ctx),
        isThere,
        network && eq(receiveAddresses.network, network),
        state && isState[state],
        like ? or(ilike(receiveAddresses.address, like), ilike(receiveAddresses.label, like)) : undefined,
        olderThan(readCursor(query.cursor), receiveAddresses.createdAt, receiveAddresses.id),
      ),
    )
    .orderBy(desc(receiveAddresses.createdAt), desc(receiveAddresses.id))
    .limit(limit + 1)
  return pageOf(found, limit)
}

/** Of an address beside its claim. */
export function isClaimed(ctx: StoreContext) {
  return and(
    eq(paymentClaims.address, receiveAddresses.address),
    eq(paymentClaims.network, receiveAddresses.network),
    eq(paymentClaims.realm, realmOf(ctx)),
  )
}

/** By its id, or by itself on whichever network. Throws address_not_found. */
export async function getAddress(ctx: StoreContext, id: string): Promise<ReceiveAddressRow> {
  const row = await findAddress(ctx, id)
  if (row) return row
  throw notFound()
}

function notFound() {
  return new AppError('address_not_found', 'Address not found', {
    field: 'id',
    hint: 'list_addresses shows your addresses and their ids.',
  })
}

async function findAddress(ctx: StoreContext, name: string): Promise<ReceiveAddressRow | undefined> {
  const isUuid = storeOfRowId(name) === ctx.storeId
  const spelled = readAddress(name.startsWith('T') ? 'tron' : 'bsc', name).address
  if (!isUuid && spelled === undefined) return undefined
  const named = isUuid ? eq(receiveAddresses.id, name) : eq(receiveAddresses.address, spelled ?? name)
  const [row, another] = await ctx.db
    .select()
    .from(receiveAddresses)
    .where(and(ofStore(ctx), isThere, named))
    .limit(2)
  if (row && another) {
    throw new AppError('invalid_request', 'id: this address is in two pools, bsc and ethereum. Send its id instead.', {
      field: 'id',
    })
  }
  return row
}

/** Only what is sent changes. A payment that has a disabled address still ends as it would. Throws address_not_found. */
export async function updateAddress(ctx: StoreContext, input: AddressUpdate): Promise<ReceiveAddressRow> {
  const found = await getAddress(ctx, input.id)
  const { label, is_active: isActive } = input
  if (label === undefined && isActive === undefined) return found
  return inTransaction(ctx, async (tx) => {
    const before = await lockAddress(tx, found.id)
    const status = isActive === undefined ? before.status : isActive ? 'active' : 'disabled'
    const after = { ...before, status, label: label === undefined ? before.label : label || null }
    await tx.db
      .update(receiveAddresses)
      .set({ label: after.label, status })
      .where(and(ofStore(tx), eq(receiveAddresses.id, found.id)))
    if (status !== before.status && status === 'disabled') await takeOut(tx, after)
    if (status !== before.status && status === 'active' && !(await isHeld(tx, after))) await setFree(tx, [after])
    return after
  })
}

/** Held until the transaction ends: payments that end then wait before they give it back. */
async function lockAddress(tx: StoreContext, id: string): Promise<ReceiveAddressRow> {
  const [row] = await tx.db
    .select()
    .from(receiveAddresses)
    .where(and(ofStore(tx), eq(receiveAddresses.id, id), isThere))
    .for('update')
  if (!row) throw notFound()
  return row
}

/**
 * For good: it isn't watched any more, and whoever has it next may add it. Its payments stay. Throws address_not_found, and
 * address_held while a payment waits at it.
 */
export async function removeAddress(ctx: StoreContext, id: string): Promise<ReceiveAddressRow> {
  const found = await getAddress(ctx, id)
  return inTransaction(ctx, async (tx) => {
    const row = await lockAddress(tx, found.id)
    const isFree = row.status !== 'active' || (await takeOut(tx, row))
    if (!isFree || (await isHeld(tx, row)) || (await isAwaited(tx, row))) throw held()
    await tx.db
      .update(receiveAddresses)
      .set({ status: 'removed' })
      .where(and(ofStore(tx), eq(receiveAddresses.id, row.id)))
    const { network, address } = row
    await tx.db
      .delete(addressOwners)
      .where(
        and(
          eq(addressOwners.address, address),
          eq(addressOwners.network, network),
          eq(addressOwners.realm, realmOf(tx)),
          eq(addressOwners.addressId, row.id),
        ),
      )
    return row
  })
}

function held() {
  return new AppError('address_held', 'A pending payment waits for its money at this address.', {
    field: 'id',
    hint: 'Disable it with update_address, and remove it when the payment has ended; or cancel the payment first.',
  })
}
