import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { createEvmNetwork, createEvmNodes } from '../../server/chain/evm'
import { type Deps, storeContext } from '../../server/context'
import { toRows } from '../../server/db/migrate'
import { liveChain, readCursorOf } from '../../server/domain/chains/chain'
import { chainCursors } from '../../server/domain/chains/table'
import { createWatchedAddresses } from '../../server/domain/chains/watched'
import { createWatcher } from '../../server/domain/chains/watcher'
import { createPayment } from '../../server/domain/crypto/service'
import { updateSettings } from '../../server/domain/crypto/settings'
import type { CryptoPaymentRow } from '../../server/domain/crypto/table'
import { openStore } from '../../server/domain/stores/service'
import { systemClock } from '../../server/kernel/clock'
import { PLATFORM_STORE } from '../../server/kernel/ids'
import { blockHash, type Recording } from './chain-node'
import { onOwnDatabase } from './own-database'
import { startFile } from './processes'

/**
 * `bun run bench chain [blocks] [logs in a block] [addresses] [payments]`: BSC after a downtime. A node of its own process replays
 * blocks; they go the way of a real network's, through the adapter, the watcher and the rules, into a real PostgreSQL. In the end every
 * payment, every transfer and every event is counted.
 */
const [BLOCKS = 8_000, LOGS = 40, ADDRESSES = 1_000_000, PAYMENTS = 10_000] = process.argv.slice(2).map(Number)
const STORES = 200
const TAIL = 40
const STRAY = Math.floor(PAYMENTS / 10)

/** When the blocks are there, and the process comes back. */
const afterwards = { now: () => new Date(Date.now() + (BLOCKS * 0.45 + 60) * 1_000) }

type Sent = { payment: CryptoPaymentRow; parts: bigint[] }

await onOwnDatabase(async (database) => {
  const deps: Deps = { ...database, rates: { live: [], test: [] } }
  const stores = await openStores(deps)
  console.log(`${ADDRESSES} addresses of ${STORES} stores, ${PAYMENTS} pending payments are made …`)
  await addAddresses(deps)
  const startsAt = Math.floor(Date.now() / 1_000) + 60
  const network = {
    bsc: createEvmNetwork('bsc', createEvmNodes('bsc', { urls: ['http://127.0.0.1:1'], clock: systemClock })),
  }
  const payments = await makePayments({ ...deps, networks: network }, stores)
  const { recording, sent } = await record(deps, payments, startsAt)
  const folder = mkdtempSync(join(tmpdir(), 'payhook-chain-'))
  const file = join(folder, 'recording.json')
  writeFileSync(file, JSON.stringify(recording))
  const node = startFile('chain-node.ts', [file])
  try {
    const port = await new Promise<string>((resolve) =>
      node.stdout?.once('data', (line) => resolve(String(line).trim())),
    )
    await catchUp({ ...deps, clock: afterwards }, `http://127.0.0.1:${port}`, startsAt)
    await verify(deps, sent)
  } finally {
    node.kill()
    rmSync(folder, { recursive: true, force: true })
  }
})

async function openStores(deps: Deps): Promise<bigint[]> {
  const ids: bigint[] = []
  for (let n = 0; n < STORES; n++) {
    const { store } = await openStore(deps, { name: `Shop ${n}`, email: 'owner@example.com' }, true)
    await updateSettings(storeContext(deps, store.storeId, false), { expiry_minutes: 1_440 })
    ids.push(store.storeId)
  }
  return ids
}

/** By the database, which takes a minute less. Of digits only: such an address has no capitals to check. */
async function addAddresses({ db }: Deps): Promise<void> {
  await db.execute(sql`insert into receive_addresses (store_id, id, is_test, network, address, status, used_count, created_at)
    select s.store_id, gen_random_uuid(), false, 'bsc',
      '0x' || translate(md5(n::text) || substr(md5(n || 'x'), 1, 8), 'abcdef', '012345'), 'active', 0, now()
    from (select store_id, row_number() over () as nth from stores) s
    join generate_series(1, ${sql.raw(String(ADDRESSES))}) n on n % ${sql.raw(String(STORES))} + 1 = s.nth`)
  await db.execute(sql`insert into address_owners (address, network, realm, store_id, address_id, added_at)
    select address, network, 0, store_id, id, created_at - interval '1 day' from receive_addresses`)
  for (const table of ['receive_addresses', 'address_owners']) await db.execute(sql.raw(`vacuum analyze ${table}`))
}

async function makePayments(deps: Deps, stores: readonly bigint[]): Promise<CryptoPaymentRow[]> {
  const payments: CryptoPaymentRow[] = []
  let made = 0
  const lane = async () => {
    for (let nth = made++; nth < PAYMENTS; nth = made++) {
      const ctx = storeContext(deps, stores[nth % STORES] ?? PLATFORM_STORE, false)
      payments.push(await createPayment(ctx, { amount_usd_cents: 1_000 + nth, network: 'bsc', currency: 'usdt' }))
    }
  }
  await Promise.all(Array.from({ length: 64 }, lane))
  return payments
}

/** Of ten payments, seven are paid at once, one in two parts, one too much and in two parts of one block, and one isn't. */
async function record(deps: Deps, payments: readonly CryptoPaymentRow[], startsAt: number) {
  const paid: Recording['paid'] = {}
  const send = (block: number, to: string, units: bigint) => {
    paid[block] = [...(paid[block] ?? []), [to, String(units)]]
  }
  const sent: Sent[] = payments.map((payment, nth) => {
    const block = 1 + ((nth * 7_919) % (BLOCKS - TAIL * 2))
    const { expectedUnits: whole, address } = payment
    const third = whole / 3n
    const kind = nth % 10
    const parts = kind === 9 ? [] : kind === 8 ? [third, whole - third] : kind === 7 ? [whole, third] : [whole]
    for (const [part, units] of parts.entries()) send(block + (kind === 8 ? part * TAIL : 0), address, units)
    return { payment, parts }
  })
  const free = toRows<{ address: string }>(
    await deps.db.execute(
      sql`select address from receive_addresses where held_by is null limit ${sql.raw(String(STRAY))}`,
    ),
  )
  for (const [nth, { address }] of free.entries()) send(1 + ((nth * 6_151) % BLOCKS), address, 5n * 10n ** 18n)
  const recording: Recording = {
    head: BLOCKS,
    finalized: BLOCKS - 3,
    startsAt,
    blocksPerSecond: 1 / 0.45,
    logsPerBlock: LOGS,
    paid,
  }
  return { recording, sent }
}

async function catchUp(deps: Deps, url: string, startsAt: number): Promise<void> {
  const chain = liveChain('bsc')
  const at = new Date(startsAt * 1_000)
  const place = { number: 0n, hash: blockHash(0), blockTime: at, finalized: 0n, updatedAt: at }
  await deps.db.insert(chainCursors).values({ storeId: chain.realm, isTest: false, network: 'bsc', ...place })
  const before = performance.now()
  const watched = createWatchedAddresses(chain)
  await watched.refresh(deps)
  const loading = (performance.now() - before) / 1_000
  console.log(`${watched.size} addresses are loaded in ${loading.toFixed(1)} s and take ${megabytes(watched.bytes)}`)
  const network = createEvmNetwork('bsc', createEvmNodes('bsc', { urls: [url], clock: deps.clock }))
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  let peak = 0
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 200)
  await createWatcher(deps, network).catchUp()
  clearInterval(sampling)
  const seconds = (performance.now() - started) / 1_000
  const used = process.cpuUsage(cpu)
  const cursor = await readCursorOf(deps, chain)
  if (cursor?.number !== BigInt(BLOCKS)) throw new Error(`the cursor is at ${cursor?.number}, not at ${BLOCKS}`)
  const rate = (count: number) => (count / seconds).toFixed(0)
  console.log(
    `${BLOCKS} blocks with ${BLOCKS * LOGS} logs in ${seconds.toFixed(1)} s, the loading of the addresses among it:`,
  )
  console.log(
    `${rate(BLOCKS * LOGS)} logs/s, ${rate(BLOCKS)} blocks/s, ${((used.user + used.system) / 1e6).toFixed(1)} s of CPU`,
  )
  console.log(`memory of the process at most ${megabytes(peak)}`)
}

/** Throws unless all money has arrived at its payments, once, and everybody was told, once. */
async function verify(deps: Deps, sent: readonly Sent[]): Promise<void> {
  const rows = toRows<{ id: string; status: string; units: string | null; transfers: string; told: string | null }>(
    await deps.db.execute(sql`select p.id, p.status, p.credited_units as units,
      (select count(*) from chain_transfers t where t.store_id = p.store_id and t.payment_id = p.id) as transfers,
      (select string_agg(e.type, ' ' order by e.created_at, e.type) from events e
        where e.store_id = p.store_id and e.data like '%' || p.number || '%') as told
      from crypto_payments p`),
  )
  const found = new Map(rows.map((row) => [row.id, row]))
  let [missed, twice] = [0, 0]
  for (const { payment, parts } of sent) {
    const row = found.get(payment.id)
    const units = parts.reduce((sum, part) => sum + part, 0n)
    const isPaid = units > 0n
    const told = (type: string) => row?.told?.split(' ').filter((one) => one === type).length ?? 0
    const counts = [told('payment.detected'), told('payment.confirmed')]
    if (
      BigInt(row?.units ?? 0) < units ||
      row?.status !== (isPaid ? 'confirmed' : 'pending') ||
      counts.includes(isPaid ? 0 : 9)
    )
      missed++
    if (
      BigInt(row?.units ?? 0) > units ||
      Number(row?.transfers) > parts.length ||
      counts.some((count) => count > (isPaid ? 1 : 0))
    )
      twice++
  }
  const strays = toRows<{ count: string }>(
    await deps.db.execute(sql`select count(*) as count from chain_transfers where unmatched = 'no_payment'`),
  )
  console.log(
    `${sent.length} payments: ${missed} missed, ${twice} twice; ${strays[0]?.count} of ${STRAY} transfers for no payment`,
  )
  if (missed + twice > 0 || Number(strays[0]?.count) !== STRAY) process.exitCode = 1
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
