import { and, eq, exists, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { prepared } from '../../db/prepared'
import { COINS, type Coin, coinFacts, type NetworkName } from '../../kernel/networks'
import { receiveAddresses } from '../addresses/table'
import { isAtPlanLimit } from '../billing/quota'

/** A network that a store has addresses on, with what it can be sent there. */
export type CryptoOffer = { network: NetworkName; coins: readonly Coin[] }

/** Cheap transfers first. */
const SHOWN_NETWORKS = ['bsc', 'tron', 'ethereum'] as const satisfies readonly NetworkName[]

/** Document B asks for dollars, and no rate of any other currency is known here. */
const PRICED_IN = 'usd'

/**
 * What a buyer of this store can pay a price of this currency in: on simulated networks in test mode, in live mode on those that are
 * enabled. Empty where it can't be converted.
 */
export async function offersOf(ctx: StoreContext, currency: string): Promise<CryptoOffer[]> {
  if (currency !== PRICED_IN) return []
  const enabled = SHOWN_NETWORKS.filter((network) => ctx.isTest || isWatched(ctx, network))
  if (enabled.length === 0) return []
  const [has] = await networksWithAddress(ctx)
  return enabled
    .filter((network) => has?.[network])
    .map((network) => ({ network, coins: COINS.filter((coin) => coinFacts(network, coin)) }))
}

/** What is worth showing to a buyer: nothing while the store's plan lets no payment be made. */
export async function offersNow(ctx: StoreContext, currency: string): Promise<CryptoOffer[]> {
  const offers = await offersOf(ctx, currency)
  return offers.length > 0 && (await isAtPlanLimit(ctx)) ? [] : offers
}

/** A network whose nodes did not pass their check takes no payments. */
function isWatched({ networks, chainMonitor }: StoreContext, network: NetworkName): boolean {
  return networks[network] !== undefined && chainMonitor.refusalOf(network) === null
}

function networksWithAddress({ db, storeId, isTest }: StoreContext) {
  const query = prepared(db, 'networks_with_address', (on, name) => {
    const a = receiveAddresses
    const has = (network: NetworkName) =>
      exists(
        on
          .select({ one: sql`1` })
          .from(a)
          .where(
            and(
              eq(a.storeId, sql.placeholder('storeId')),
              eq(a.isTest, sql.placeholder('isTest')),
              eq(a.network, network),
              eq(a.status, 'active'),
            ),
          ),
      )
    const ofEach = Object.fromEntries(
      SHOWN_NETWORKS.map((network) => [network, sql<boolean>`${has(network)}`.as(network)]),
    )
    return on.select(ofEach).from(sql`(select 1) as one`).prepare(name)
  })
  return query.execute({ storeId, isTest })
}
