import { eq, inArray } from 'drizzle-orm'
import { afterEach, expect, inject, test } from 'vitest'
import { tokensOf } from '../../server/chain/tokens'
import type { Deps } from '../../server/context'
import { paymentClaims } from '../../server/domain/addresses/table'
import { chainTransfers } from '../../server/domain/chains/table'
import { cryptoPayments } from '../../server/domain/crypto/table'
import { events } from '../../server/domain/webhooks/table'
import { type Anvil, startAnvil } from '../support/anvil'
import { type ChainNode, evmAnswers, Refusal, serveNode } from '../support/chain-node'
import { type ChaosChain, runChaosChain } from '../support/chaos-chain'
import { PAYER_CODE, tokenCode, transferCall } from '../support/contracts'
import { newWallet } from '../support/live-chain'
import { startPriceServer } from '../support/price-server'
import { emptyPlace, eventually, printedKeys, type ServerProcess, startServer } from '../support/server'
import { pause, randomFrom } from '../support/stripe/purchases'
import { diagnose } from './chain-diagnosis'
import { onDatabase } from './webhook-kill'

/** `CHAOS_PAYMENTS=500` for the long run, with as many kills as there are twenties in it; `CHAOS_SEED` for another one. */
const PAYMENTS = Number(process.env.CHAOS_PAYMENTS ?? 40)
const KILLS = Math.max(2, Math.floor(PAYMENTS / 20))
const BUYERS = 8
const BLOCK_MS = 300
/** Over the long run, watches are taken over many times, and not only lost. */
const THINKS_MS = PAYMENTS > 100 ? 5_000 : 500
const SPLITTER = '0x2222222222222222222222222222222222222222'
const COINS = ['usdt', 'native', 'usdc', 'split', 'internal'] as const

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A node that fails, refuses, dawdles, or says that there were no logs, one call in eleven. */
function flap(node: ChainNode, random: () => number) {
  node.manners = async (method, _params, pass) => {
    const trouble = random()
    if (trouble < 0.03) throw new Refusal(503)
    if (trouble < 0.04) throw new Refusal(429, { 'retry-after': '1' })
    if (trouble < 0.08) await pause(random() * 400)
    if (trouble < 0.09 && method === 'eth_getLogs') return []
    return pass()
  }
}

async function stage(random: () => number) {
  const anvil = await startAnvil(1, { final: 8, accounts: PAYMENTS })
  cleanups.push(anvil.stop)
  for (const { contract, decimals } of tokensOf('ethereum').values()) {
    await anvil.call('anvil_setCode', contract, tokenCode(decimals))
  }
  await anvil.call('anvil_setCode', SPLITTER, PAYER_CODE)
  await anvil.mine(10)
  const nodes = [serveNode(evmAnswers(anvil)), serveNode(evmAnswers(anvil))]
  const prices = startPriceServer(new Date())
  for (const [coin, usd] of [
    ['tether', '1'],
    ['usd-coin', '1'],
    ['ethereum', '2500'],
  ] as const)
    prices.prices.set(coin, usd)
  for (const node of nodes) {
    cleanups.push(node.stop)
    flap(node, random)
  }
  cleanups.push(prices.stop)
  const { environment, remove } = await emptyPlace()
  cleanups.push(remove)
  const settings = {
    ...environment,
    ETHEREUM_RPC_URLS: nodes.map(({ url }) => url).join(','),
    PRICE_API_BASE: prices.url,
    PAYHOOK_ROLES: 'api,chain',
    PAYHOOK_LOG_LEVEL: 'warn',
  }
  return { anvil, settings, prices }
}

/** Servers on one database, of which one is killed now and then, and started again. */
async function startShop(settings: Record<string, string>, count: number) {
  const servers: ServerProcess[] = []
  for (let nth = 0; nth < count; nth += 1) servers.push(await startServer(settings))
  const [first] = servers
  if (!first) throw new Error('no server')
  const key = printedKeys(first).live
  cleanups.push(() => Promise.all(servers.map((server) => server.end('SIGKILL'))))
  /** Undefined when it wasn't answered, or refused for now. */
  const call = async (method: string, path: string, body?: object) => {
    const server = servers[Math.floor(Math.random() * servers.length)]
    const answer = await fetch(`${server?.url}/api/v1${path}`, {
      method,
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => undefined)
    return answer && answer.status < 300 ? ((await answer.json().catch(() => undefined)) as Answer) : undefined
  }
  return {
    call,
    crash: async (which: number) => {
      const at = which % servers.length
      await servers[at]?.end('SIGKILL')
      servers[at] = await startServer(settings)
    },
    /** The end of what the servers that run now have logged. */
    log: () => servers.map((server) => server.stderr().slice(-4_000)).join('\n'),
    end: () => Promise.all(servers.map((server) => server.end('SIGTERM'))),
  }
}

type Payment = { payment_number: string; assigned_address: string; status: string }
type Answer = Payment & { payments: Payment[] }

type Shop = Awaited<ReturnType<typeof startShop>>

/** Of a call that a killed server didn't answer, the payment may have been made all the same. */
async function create(shop: Shop, order: string, currency: string): Promise<Payment> {
  const wanted = { amount_usd_cents: 5_000, network: 'ethereum', currency, external_order_id: order }
  return eventually(`payment of ${order}`, async () => {
    const made = await shop.call('POST', '/payments/', wanted)
    if (made) return made
    await pause(200)
    return (await shop.call('GET', `/payments?external_order_id=${order}`))?.payments[0]
  })
}

/** Answers the payment's number. */
async function buy(shop: Shop, anvil: Anvil, chain: ChaosChain, nth: number, random: () => number): Promise<string> {
  const kind = COINS[nth % COINS.length] ?? 'usdt'
  const currency = kind === 'split' ? 'usdt' : kind === 'internal' ? 'native' : kind
  const { assigned_address: to, payment_number: number } = await create(shop, `order-${nth}`, currency)
  const [from] = ((await anvil.call('eth_accounts')) as string[]).slice(nth)
  const contract = [...tokensOf('ethereum').values()].find(({ coin }) => coin === currency)?.contract
  let nonce = 0
  // A wallet counts itself: the node would give the number of a transaction that it has just dropped to the next one.
  const send = async (tx: object) => {
    const sent = { from, gas: '0x7a120', nonce: `0x${nonce.toString(16)}`, ...tx }
    nonce += 1
    while (!(await chain.keep(String(await anvil.call('eth_sendTransaction', sent)))));
  }
  const pay = (units: bigint) => send({ to: contract, data: transferCall([to, units]) })
  await pause(random() * THINKS_MS)
  const wei = 20_000_000_000_000_000n
  const value = `0x${wei.toString(16)}`
  if (kind === 'native') await send({ to, value })
  else if (kind === 'internal') await send({ to: SPLITTER, value, data: transferCall([to, wei]) })
  else if (kind === 'split') {
    await pay(20_000_000n)
    await pause(random() * 800)
    await pay(30_000_000n)
  } else await pay(50_000_000n)
  return number
}

const isHere = process.env.CHAOS_PAYMENTS !== undefined || inject('databaseKind') === 'postgres'

test.runIf(isHere)(
  `${PAYMENTS} payments while the chain replaces blocks, its nodes fail, and servers are killed ${KILLS} times: none is missed, none counts twice`,
  async () => {
    const random = randomFrom(Number(process.env.CHAOS_SEED ?? 11))
    const { anvil, settings } = await stage(random)
    const shop = await startShop(settings, inject('databaseKind') === 'postgres' ? 2 : 1)
    const addresses = Array.from({ length: PAYMENTS }, () => ({ address: newWallet('ethereum') }))
    await shop.call('POST', '/addresses', { network: 'ethereum', addresses })
    const started = performance.now()
    const chain = runChaosChain(anvil, random, BLOCK_MS)
    cleanups.push(chain.stop)
    const paid: string[] = []
    const queue = Array.from({ length: PAYMENTS }, (_, nth) => nth)
    const buyers = Array.from({ length: BUYERS }, async () => {
      for (let nth = queue.shift(); nth !== undefined; nth = queue.shift()) {
        paid.push(await buy(shop, anvil, chain, nth, random))
      }
    })
    const killing = (async () => {
      for (let kill = 1; kill <= KILLS; kill += 1) {
        while (paid.length < Math.floor((PAYMENTS * kill) / (KILLS + 1))) await pause(20)
        await pause(random() * 1_000)
        await shop.crash(kill)
      }
    })()
    await Promise.all([...buyers, killing])
    const open = [...paid]
    const isQuiet = async () => {
      while (open[0] && (await shop.call('GET', `/payments/${open[0]}`))?.status === 'confirmed') open.shift()
      return open.length === 0 ? true : undefined
    }
    await eventually('the last confirmation', isQuiet, 120_000 + PAYMENTS * 400).catch(async (error: unknown) => {
      throw new Error([error, chain.failure, await diagnose(settings, anvil, open), shop.log()].join('\n'))
    })
    await chain.stop()
    const seconds = Math.round((performance.now() - started) / 1_000)
    console.info(
      `${PAYMENTS} payments, ${KILLS} kills, ${chain.replaced} reorganisations in ${await anvil.head()} blocks, ${seconds} s`,
    )
    await shop.end()
    expect([chain.failure, chain.replaced > 0]).toEqual([undefined, true])
    await onDatabase(settings, (deps) => expectAll(deps, anvil, paid))
  },
  PAYMENTS * 2_000 + 180_000,
)

async function expectAll({ db }: Deps, anvil: Anvil, paid: readonly string[]) {
  const payments = await db
    .select()
    .from(cryptoPayments)
    .where(inArray(cryptoPayments.number, [...paid]))
  expect(payments).toHaveLength(PAYMENTS)
  const told = await db.select().from(events)
  const transfers = await db.select().from(chainTransfers).where(eq(chainTransfers.isOrphan, false))
  for (const { id, number, status, creditedUnits, expectedUnits, lateUnits, externalOrderId } of payments) {
    const mine = { order: externalOrderId, status, creditedUnits, lateUnits }
    expect(mine).toEqual({ order: externalOrderId, status: 'confirmed', creditedUnits: expectedUnits, lateUnits: 0n })
    const count = (type: string) =>
      told.filter((event) => event.type === `payment.${type}` && event.data.payment_id === number).length
    expect([externalOrderId, count('confirmed')]).toEqual([externalOrderId, 1])
    expect(count('detected')).toBeGreaterThan(0)
    const sum = transfers.reduce((units, one) => units + (one.paymentId === id ? one.units : 0n), 0n)
    expect(sum).toBe(expectedUnits)
  }
  // What counts is on the chain as it is now, each transfer once.
  for (const { blockNumber, blockHash } of transfers) {
    const block = (await anvil.call('eth_getBlockByNumber', `0x${blockNumber.toString(16)}`, false)) as { hash: string }
    expect(blockHash).toBe(block.hash)
  }
  expect(transfers).toHaveLength(
    PAYMENTS + Array.from({ length: PAYMENTS }, (_, n) => n).filter((n) => n % 5 === 3).length,
  )
  const claims = await db.select().from(paymentClaims)
  expect(claims.filter(({ paymentId }) => payments.some(({ id }) => id === paymentId))).toEqual([])
}
