import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { isUniqueViolation } from '../../db/errors'
import { prepared } from '../../db/prepared'
import { recordsetOf, selectedFor } from '../../db/recordset'
import { inTransaction } from '../../db/transaction'
import { createBatches } from '../../kernel/batches'
import type { AppError } from '../../kernel/errors'
import { newPaymentNumber, newPaymentToken } from '../../kernel/ids'
import type { NetworkName } from '../../kernel/networks'
import { addressTaking, isNoneFree, noneFree } from '../addresses/claims'
import { type Place, poolOf, START } from '../addresses/pool-watch'
import { realmOf } from '../addresses/realm'
import { warnWhenFew } from '../addresses/running-low'
import { freeAddresses } from '../addresses/table'
import { areSettingsStill, getSettings, probableSettings, type Settings } from './settings'
import { type CryptoPaymentRow, cryptoPayments } from './table'
import { type Opening, termsOf } from './terms'

/** Of one pool, so many statements of one process at a time: while they run, the next one's payments gather. */
const BATCHES = { atOnce: 4, most: 32 }

/**
 * Takes an address for the payment and writes it. Calls at the same time for one pool share a statement, since most of what a payment
 * alone costs is the way to the database and the commit.
 * One that is there already is answered as it is. Throws no_address_configured and all_addresses_held.
 */
export async function openPayment(ctx: StoreContext, opening: Opening): Promise<CryptoPaymentRow> {
  if (opening.order) return openAlone(ctx, opening)
  return openWithOthers(ctx, poolOf(ctx, opening.input.network), opening)
}

type Outcome = PromiseSettledResult<CryptoPaymentRow>

const openWithOthers = createBatches<StoreContext, Opening, CryptoPaymentRow>(async (ctx, openings) => {
  const opened = openings.length > 1 ? await openTogether(ctx, openings) : []
  const outcomes: Outcome[] = []
  let refused: AppError | undefined
  for (const [at, opening] of openings.entries()) {
    const payment = opened[at]
    // Where there is no address for one, there is none for those that came with it.
    const work = () => (refused ? madeOr(ctx, opening, refused) : openAlone(ctx, opening))
    const outcome = payment ? fulfilled(payment) : await settled(work())
    if (outcome.status === 'rejected' && isNoneFree(outcome.reason)) refused = outcome.reason
    outcomes.push(outcome)
  }
  return outcomes
}, BATCHES)

function fulfilled(value: CryptoPaymentRow): Outcome {
  return { status: 'fulfilled', value }
}

async function settled(work: Promise<CryptoPaymentRow>): Promise<Outcome> {
  const [outcome] = await Promise.allSettled([work])
  return outcome
}

/** Undefined for those that are to be tried alone, as all are when one of them spoils it for all, which is rare. */
async function openTogether(ctx: StoreContext, openings: readonly Opening[]) {
  const [first] = openings
  if (!first) return []
  try {
    const { opened } = await place(ctx, openings, await assumed(ctx, first.input.network))
    return opened
  } catch (error) {
    ctx.log.warn({ err: error, payments: openings.length }, 'payments that were made together are made one by one')
    return []
  }
}

/** One number is another payment's in a thousand million pairs of a day; so many in a row never are. */
const NUMBERS_TRIED = 5

async function openAlone(ctx: StoreContext, opening: Opening): Promise<CryptoPaymentRow> {
  const { order } = opening
  for (let tried = 1; ; tried++) {
    try {
      if (!order) return await placeOne(ctx, opening)
      return await inTransaction(ctx, async (tx) => {
        await order.hold(tx)
        return placeOne(tx, opening)
      })
    } catch (error) {
      if (isNoneFree(error)) {
        if (error.code === 'all_addresses_held')
          await inTransaction(ctx, (tx) => warnWhenFew(tx, opening.input.network))
        return madeOr(ctx, opening, error)
      }
      if (!isUniqueViolation(error)) throw error
      const made = await findMade(ctx, opening.id)
      if (made) return made
      if (tried === NUMBERS_TRIED) throw error
    }
  }
}

/** One that was made already, by a call of the same run or by this one, when the answer to its commit was lost. */
async function madeOr(ctx: StoreContext, { id }: Opening, refusal: AppError): Promise<CryptoPaymentRow> {
  const made = await findMade(ctx, id)
  if (made) return made
  throw refusal
}

async function findMade(ctx: StoreContext, id: string): Promise<CryptoPaymentRow | undefined> {
  const p = cryptoPayments
  const [row] = await ctx.db
    .select()
    .from(p)
    .where(and(eq(p.storeId, ctx.storeId), eq(p.isTest, ctx.isTest), eq(p.id, id)))
  return row
}

async function placeOne(ctx: StoreContext, opening: Opening): Promise<CryptoPaymentRow> {
  const { network } = opening.input
  for (let last = await assumed(ctx, network); ; ) {
    const { opened, taken } = await place(ctx, [opening], last)
    if (opened[0]) return opened[0]
    // What was taken and is claimed by another payment isn't free any more: the next one.
    if (taken > 0) continue
    const settings = await getSettings(ctx)
    if (settings.revision === last.settings.revision && last.after === START) throw await noneFree(ctx, network)
    last = { network, settings, after: START }
  }
}

/** What a process remembers: what a payment is made of, and where its address may be found. */
type Assumed = { network: NetworkName; settings: Settings; after: Place }

async function assumed(ctx: StoreContext, network: NetworkName): Promise<Assumed> {
  const settings = await probableSettings(ctx)
  return { network, settings, after: ctx.poolWatch.placeOf(poolOf(ctx, network), ctx.clock.now()) }
}

/** Undefined for those that got no address; none is taken where the settings have changed. */
async function place(ctx: StoreContext, openings: readonly Opening[], assumed: Assumed) {
  const { network, settings } = assumed
  const payments = openings.map((opening) => newPayment(ctx, termsOf(ctx, opening, settings)))
  if (!ctx.poolWatch.isDue(poolOf(ctx, network), payments.length)) return insertPayments(ctx, payments, assumed)
  return inTransaction(ctx, async (tx) => {
    const placed = await insertPayments(tx, payments, assumed)
    if (placed.taken > 0) await warnWhenFew(tx, network)
    return placed
  })
}

/** As it is before it has its address. */
type NewPayment = Omit<CryptoPaymentRow, 'addressId' | 'address'>

function newPayment({ storeId, isTest }: StoreContext, terms: ReturnType<typeof termsOf>): NewPayment {
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

async function insertPayments(ctx: StoreContext, payments: readonly NewPayment[], assumed: Assumed) {
  const { storeId, isTest } = ctx
  const { network, settings, after } = assumed
  const pool = poolOf(ctx, network)
  const rows = await prepared(ctx.db, 'open_crypto_payments', openingStatement).execute({
    ...{ storeId, isTest, network, realm: realmOf(ctx), revision: settings.revision },
    ...after,
    payments: ASKED.encode(payments),
  })
  if (rows.length < payments.length) ctx.poolWatch.startAgain(pool)
  else ctx.poolWatch.taken(pool, rows, ctx.clock.now())
  const addresses = new Map(rows.map((row) => [row.paymentId, row]))
  const opened = payments.map((payment): CryptoPaymentRow | undefined => {
    const { addressId, address } = addresses.get(payment.id) ?? {}
    return addressId && address ? { ...payment, addressId, address } : undefined
  })
  return { opened, taken: rows.length }
}

/** What a payment has from the address that it gets. */
const OF_ADDRESS = {
  storeId: sql`t.store_id`,
  isTest: sql`t.is_test`,
  network: sql`t.network`,
  addressId: sql`t.address_id`,
  address: sql`t.address`,
}

type Asked = Exclude<keyof CryptoPaymentRow, keyof typeof OF_ADDRESS>

const isAsked = (name: string): name is Asked => !(name in OF_ADDRESS)

const ASKED = recordsetOf(cryptoPayments, Object.keys(getTableColumns(cryptoPayments)).filter(isAsked))

/** One statement and one commit: there is no moment at which an address is taken and has no payment. */
function openingStatement(db: Db, name: string) {
  const asked = db.$with('asked', {}).as(sql`select * from ${ASKED.from('asked', 'payments')}`)
  const [taken, claimed] = addressTaking(db, 'asked', areSettingsStill(db))
  const rows = selectedFor(cryptoPayments, OF_ADDRESS, 'a')
  const opened = db
    .insert(cryptoPayments)
    .select(
      sql`select ${rows} from claimed c join asked a on a.id = c.payment_id join taken t on t.address = c.address`,
    )
  return db
    .with(asked, taken, claimed, db.$with('opened').as(opened))
    .select({
      addressId: sql<string>`t.address_id`,
      restingSince: sql`t.resting_since`.mapWith(freeAddresses.restingSince),
      address: sql<string>`t.address`,
      paymentId: sql<string | null>`c.payment_id`,
    })
    .from(sql`taken t left join claimed c on c.address = t.address`)
    .prepare(name)
}
