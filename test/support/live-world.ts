import { eq } from 'drizzle-orm'
import { events } from '../../server/domain/webhooks/table'
import type { NetworkName } from '../../server/kernel/networks'
import { callRest } from './calls'
import { type LiveChain, liveChainOf, newWallet, type Started, startChain } from './live-chain'
import { type PriceServer, startPriceServer } from './price-server'
import { createWorld, type World } from './world'

export type LivePayment = Record<string, unknown> & {
  payment_number: string
  status: string
  assigned_address: string
  expected_crypto_amount: string
  actual_crypto_amount: string | null
  late_crypto_amount: string | null
  tx_hash: string
  confirmations: number
}

export type LiveWorld = World & { prices: PriceServer; chain(name: NetworkName): LiveChain; shop(): Promise<LiveShop> }

/** A store whose live key is used, with one address on each network. */
export type LiveShop = {
  key: string
  storeId: bigint
  add(network: NetworkName, addresses: readonly string[]): Promise<void>
  create(network: NetworkName, currency: string, cents?: number): Promise<LivePayment>
  get(payment: LivePayment): Promise<LivePayment>
  call(method: string, path: string, body?: object): Promise<{ status: number; body: LivePayment }>
  /** The types of a payment's events, in the order of the alphabet. */
  told(payment: LivePayment): Promise<string[]>
}

/** The whole app on live networks, with `nodes` nodes for each. Time begins with the chains'. */
export async function openLiveWorld(names: readonly NetworkName[], nodes = 1): Promise<LiveWorld> {
  const prices = startPriceServer(new Date())
  const chains = new Map<NetworkName, Started>()
  for (const name of names) chains.set(name, await startChain(name, nodes))
  const urls = Object.fromEntries(
    [...chains.values()].map(({ name, nodes }) => [
      `${name.toUpperCase()}_RPC_URLS`,
      nodes.map(({ url }) => url).join(),
    ]),
  )
  const world = await createWorld({ PRICE_API_BASE: prices.url, ...urls })
  world.clock.set(new Date(Date.now() + 60_000))
  prices.updatedAt = world.clock.now()
  for (const [coin, usd] of PRICES) prices.prices.set(coin, usd)
  const live = new Map<NetworkName, LiveChain>()
  for (const [name, chain] of chains) live.set(name, await liveChainOf(world, chain))
  return {
    ...world,
    prices,
    chain: (name) => {
      const chain = live.get(name)
      if (!chain) throw new Error(`${name} was not started`)
      return chain
    },
    shop: () => openShop(world, names),
    close: async () => {
      await world.close()
      await prices.stop()
      for (const { anvil, nodes } of chains.values())
        await Promise.all([anvil.stop(), ...nodes.map((one) => one.stop())])
    },
  }
}

const PRICES = [
  ['tether', '1'],
  ['usd-coin', '1'],
  ['binance-usd', '1'],
  ['ethereum', '2500'],
  ['binancecoin', '600'],
  ['tron', '0.25'],
  ['ETH-USD', '2500'],
  ['BNB-USD', '600'],
] as const

async function openShop(world: World, names: readonly NetworkName[]): Promise<LiveShop> {
  const { store, liveKey: key } = await world.openStore()
  const call: LiveShop['call'] = (method, path, body) =>
    callRest<LivePayment>(world.url, method, `/api/v1${path}`, { body, headers: { 'X-API-Key': key } })
  const add: LiveShop['add'] = async (network, addresses) => {
    const body = { network, addresses: addresses.map((address) => ({ address })) }
    const { status } = await call('POST', '/addresses', body)
    if (status >= 300) throw new Error(`addresses: ${status}`)
  }
  for (const network of names) await add(network, [newWallet(network)])
  const { storeId } = store
  return {
    key,
    storeId,
    add,
    call,
    create: async (network, currency, cents = 5_000) => {
      const { status, body } = await call('POST', '/payments/', { amount_usd_cents: cents, network, currency })
      if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(body)}`)
      return body
    },
    get: async ({ payment_number }) => (await call('GET', `/payments/${payment_number}`)).body,
    told: async ({ payment_number }) => {
      const rows = await world.deps.db.select().from(events).where(eq(events.storeId, storeId))
      return rows
        .flatMap(({ type, data }) => (data.payment_id === payment_number ? type.replace('payment.', '') : []))
        .sort()
    },
  }
}
