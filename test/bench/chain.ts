import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { createEvmNetwork, createEvmNodes } from '../../server/chain/evm'
import { createTronNetwork, createTronNodes } from '../../server/chain/tron'
import { type Deps, storeContext } from '../../server/context'
import { toRows } from '../../server/db/migrate'
import { liveChain, readCursorOf } from '../../server/domain/chains/chain'
import { chainCursors } from '../../server/domain/chains/table'
import { createWatchedAddresses } from '../../server/domain/chains/watched'
import { createWatcher } from '../../server/domain/chains/watcher'
import { createPayment } from '../../server/domain/crypto/service'
import type { CryptoPaymentRow } from '../../server/domain/crypto/table'
import { addressHex } from '../../server/kernel/chain-address'
import { type Clock, systemClock } from '../../server/kernel/clock'
import { PLATFORM_STORE } from '../../server/kernel/ids'
import type { Network } from '../../server/ports/network'
import type { RateSource } from '../../server/ports/rates'
import { blockHash, type Paid, type Recording } from './chain-node'
import { addAddresses, addTronAddresses, openStores } from './chain-pools'
import { onOwnDatabase } from './own-database'
import { startFile } from './processes'

/**
 * `bun run bench chain [tron] [blocks] [logs in a block] [addresses] [payments]`: BSC, or TRON, after a downtime. A node of its own
 * process replays blocks; they go the way of a real network's, through the adapter, the watcher and the rules, into a real PostgreSQL.
 * In the end every payment, every transfer and every event is counted.
 */
const [NETWORK, ...sizes] =
  process.argv[2] === 'tron'
    ? (['tron', ...process.argv.slice(3)] as const)
    : (['bsc', ...process.argv.slice(2)] as const)
const FACTS = {
  bsc: { seconds: 0.45, logs: 40, addresses: 1_000_000, unit: 10n ** 18n },
  tron: { seconds: 3, logs: 90, addresses: 100_000, unit: 10n ** 6n },
}[NETWORK]
const [BLOCKS = 8_000, LOGS = FACTS.logs, ADDRESSES = FACTS.addresses, PAYMENTS = 10_000] = sizes.map(Number)
const STORES = 200
const TAIL = 40
const STRAY = Math.floor(PAYMENTS / 10)
/** So fast is the real network at its peak, and a downtime of an hour is caught up with in a minute. */
const GOAL = { logsPerSecond: 4_000, secondsFor8000Blocks: 60 }

/** When the blocks are there, and the process comes back. */
const afterwards = { now: () => new Date(Date.now() + (BLOCKS * FACTS.seconds + 60) * 1_000) }

/** Prices are no part of this. */
const prices: RateSource = {
  name: 'bench',
  maxAgeMs: Number.MAX_SAFE_INTEGER,
  quote: async (asset) => ({ rateE8: asset.startsWith('USD') ? 100_000_000n : 60_000_000_000n, at: new Date() }),
}

type Sent = { payment: CryptoPaymentRow; parts: bigint[] }

await onOwnDatabase(async (database) => {
  const deps: Deps = { ...database, rates: { live: [prices], test: [] } }
  const stores = await openStores(deps, STORES)
  console.log(`${ADDRESSES} addresses of ${STORES} stores, ${PAYMENTS} pending payments are made …`)
  await (NETWORK === 'bsc' ? addAddresses(deps, stores, ADDRESSES) : addTronAddresses(deps, stores, ADDRESSES))
  const startsAt = Math.floor(Date.now() / 1_000) + 60
  const payments = await makePayments(
    { ...deps, networks: { [NETWORK]: networkOf('http://127.0.0.1:1', systemClock) } },
    stores,
  )
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

function networkOf(url: string, clock: Clock): Network {
  if (NETWORK === 'bsc') return createEvmNetwork('bsc', createEvmNodes('bsc', { urls: [url], clock }))
  return createTronNetwork(createTronNodes({ urls: [`${url}/jsonrpc`], apiUrls: [url], clock }))
}

async function makePayments(deps: Deps, stores: readonly bigint[]): Promise<CryptoPaymentRow[]> {
  const payments: CryptoPaymentRow[] = []
  let made = 0
  const lane = async () => {
    for (let nth = made++; nth < PAYMENTS; nth = made++) {
      const ctx = storeContext(deps, stores[nth % STORES] ?? PLATFORM_STORE, false)
      const currency = isNative(nth) ? 'native' : 'usdt'
      payments[nth] = await createPayment(ctx, { amount_usd_cents: 1_000 + nth, network: NETWORK, currency })
    }
  }
  await Promise.all(Array.from({ length: 64 }, lane))
  return payments
}

/** One payment in ten, half of them by contracts that don't name whom they pay, except on TRON, where such money never counts. */
function isNative(nth: number): boolean {
  return nth % 10 === 6
}

function isInternal(nth: number): boolean {
  return NETWORK === 'bsc' && nth % 20 === 16
}

/** Of ten payments, seven are paid at once, one in two parts, one too much and in two parts of one block, and one isn't. */
async function record(deps: Deps, payments: readonly CryptoPaymentRow[], startsAt: number) {
  const paid: Recording['paid'] = {}
  const send = (block: number, to: string, units: bigint, how: Paid[2] = 'usdt') => {
    paid[block] = [...(paid[block] ?? []), [addressHex(to), String(units), how]]
  }
  const sent: Sent[] = payments.map((payment, nth) => {
    const block = 1 + ((nth * 7_919) % (BLOCKS - TAIL * 2))
    const { expectedUnits: whole, address } = payment
    const third = whole / 3n
    const kind = nth % 10
    const parts = kind === 9 ? [] : kind === 8 ? [third, whole - third] : kind === 7 ? [whole, third] : [whole]
    const how = isInternal(nth) ? 'internal' : isNative(nth) ? 'native' : 'usdt'
    for (const [part, units] of parts.entries()) send(block + (kind === 8 ? part * TAIL : 0), address, units, how)
    return { payment, parts }
  })
  const free = toRows<{ address: string }>(
    await deps.db.execute(sql`select address from free_addresses limit ${sql.raw(String(STRAY))}`),
  )
  for (const [nth, { address }] of free.entries()) send(1 + ((nth * 6_151) % BLOCKS), address, 5n * FACTS.unit)
  const recording: Recording = {
    network: NETWORK,
    head: BLOCKS,
    finalized: BLOCKS - 3,
    startsAt,
    blocksPerSecond: 1 / FACTS.seconds,
    logsPerBlock: LOGS,
    paid,
  }
  return { recording, sent }
}

async function catchUp(deps: Deps, url: string, startsAt: number): Promise<void> {
  const chain = liveChain(NETWORK)
  const at = new Date(startsAt * 1_000)
  const place = { number: 0n, hash: blockHash(0), blockTime: at, finalized: 0n, updatedAt: at }
  await deps.db.insert(chainCursors).values({ storeId: chain.realm, isTest: false, network: NETWORK, ...place })
  const before = performance.now()
  const watched = createWatchedAddresses(chain)
  await watched.refresh(deps)
  const loading = (performance.now() - before) / 1_000
  console.log(`${watched.size} addresses are loaded in ${loading.toFixed(1)} s and take ${megabytes(watched.bytes)}`)
  const network = networkOf(url, deps.clock)
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
  const { logsPerSecond, secondsFor8000Blocks } = GOAL
  const andBlocks = NETWORK === 'bsc' ? `, and 8,000 blocks in ${secondsFor8000Blocks} s` : ''
  console.log(`the goal is ${logsPerSecond} logs/s${andBlocks}`)
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
