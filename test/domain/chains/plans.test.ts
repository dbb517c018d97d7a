import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { toRows } from '../../../server/db/migrate'
import { addAddresses } from '../../../server/domain/addresses/service'
import { listUnmatched } from '../../../server/domain/chains/service'
import { createWatchedAddresses } from '../../../server/domain/chains/watched'
import { createPayment } from '../../../server/domain/crypto/service'
import { simulate } from '../../../server/domain/crypto/simulation'
import { evmAddress } from '../../support/crypto'
import { createWorld, type World } from '../../support/world'

const ROWS = 20_000
const LARGE = ['receive_addresses', 'free_addresses', 'address_owners', 'crypto_payments', 'chain_transfers']

let world: World
let ctx: StoreContext
const sent: { text: string; params: unknown[] }[] = []
beforeAll(async () => {
  world = await createWorld()
  ctx = storeContext(world.deps, (await world.openStore()).store.storeId, true)
  await addAddresses(ctx, { network: 'bsc', address: evmAddress(1) })
  const { number: payment_number } = await pay()
  await simulate(ctx, { payment_number, action: 'late' })
  const ids = sql`'id', overlay(t.id::text placing lpad(to_hex(n), 12, '0') from 25)`
  const address = sql`'address', '0x' || lpad(to_hex(n), 40, '0')`
  await multiply('receive_addresses', sql`${ids}, ${address}`)
  await multiply(
    'free_addresses',
    sql`'address_id', overlay(t.address_id::text placing lpad(to_hex(n), 12, '0') from 25), ${address}`,
  )
  await multiply('address_owners', sql`${address}, 'added_at', t.added_at - n * interval '1 second'`)
  await multiply('crypto_payments', sql`${ids}, ${address}, 'number', 'PAY-' || n, 'token', t.token || n`)
  const unmatched = sql`'unmatched', case when n % 50 = 0 then 'late' end, 'tx_hash', '0x' || n, 'payment_id', null`
  await multiply(
    'chain_transfers',
    sql`${ids}, ${address}, 'block_hash', 'b' || n, 'block_number', n + 1000, ${unmatched}`,
  )
  for (const table of LARGE) await ctx.db.execute(sql.raw(`analyze ${table}`))
  // Drizzle's own hook for whoever wants to see what it sends.
  const logger = { logQuery: (text: string, params: unknown[]) => void sent.push({ text, params }) }
  Object.assign(world.deps.db._.session, { logger, options: { logger } })
})
afterAll(() => world.close())

const pay = () => createPayment(ctx, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt' })

async function multiply(table: string, changes: SQL): Promise<void> {
  await ctx.db.execute(sql`
    insert into ${sql.identifier(table)} select copy.* from ${sql.identifier(table)} t,
    generate_series(1, ${sql.raw(String(ROWS))}) n, lateral jsonb_populate_record(t, jsonb_build_object(${changes})) copy`)
}

type Plan = { 'Node Type': string; 'Index Name'?: string; 'Relation Name'?: string; Plans?: Plan[] }

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

/** The indexes that answer what `work` sends; none of it may read a large table from end to end. */
async function indexesOf(work: () => Promise<unknown>): Promise<(string | undefined)[]> {
  sent.length = 0
  await work()
  const queries = sent.filter(({ text }) => /^\s*(select|update|delete|with)/i.test(text))
  expect(queries.length).toBeGreaterThan(0)
  const nodes: Plan[] = []
  for (const { text, params } of [...queries]) {
    const parts = text.split(/\$(\d+)/)
    const query = sql.join(
      parts.map((part, at) => (at % 2 ? sql`${sql.param(params[Number(part) - 1])}` : sql.raw(part))),
    )
    const [row] = toRows<{ 'QUERY PLAN': [{ Plan: Plan }] }>(await ctx.db.execute(sql`explain (format json) ${query}`))
    const plan = row ? nodesOf(row['QUERY PLAN'][0].Plan) : []
    const scanned = plan.filter(
      (node) => node['Node Type'] === 'Seq Scan' && LARGE.includes(node['Relation Name'] ?? ''),
    )
    expect(scanned, text).toEqual([])
    nodes.push(...plan)
  }
  return nodes.map((node) => node['Index Name'])
}

test(`a payment gets one of ${ROWS} addresses by the index of free ones`, async () => {
  expect(await indexesOf(pay)).toContain('free_addresses_rested')
})

test(`a block finds its payment among ${ROWS}, and settles it, by indexes alone`, async () => {
  const { number: payment_number } = await pay()
  const used = await indexesOf(() => simulate(ctx, { payment_number, action: 'confirm' }))
  expect(used).toEqual(expect.arrayContaining(['crypto_payments_address', 'chain_transfers_payment']))
})

test(`what counts for no payment among ${ROWS} transfers comes from an index in order`, async () => {
  expect(await indexesOf(() => listUnmatched(ctx, { limit: 20 }))).toContain('chain_transfers_unmatched_newest')
})

test(`what was added to the pools is found among ${ROWS} addresses by its index`, async () => {
  const watched = createWatchedAddresses({ realm: ctx.storeId, network: 'bsc' })
  await watched.refresh(world.deps)
  expect(watched.size).toBe(ROWS + 1)
  expect(await indexesOf(() => watched.refresh(world.deps))).toContain('address_owners_added')
})
