import { and, eq, isNotNull } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, HOUR_MS } from '../../kernel/clock'
import type { IsWatched } from '../../ports/network'
import { cryptoPayments, isWaiting } from '../crypto/table'
import { type Chain, isSimulated } from './chain'
import { createWatchedAddresses } from './watched'

/**
 * Whose transfers are kept: of all addresses of all pools, whether a payment waits there or not. A payment can only wait at one that
 * was in a pool before, so that no payment, however new, is missed; and money that comes late, or for no payment, is seen too.
 */
export type Watching = {
  isWatched: IsWatched
  /** Where a payment waits for native money. */
  awaited(): readonly string[]
  readonly size: number
  /** Reads what was added since. Answers whether there is anything new. */
  refresh(): Promise<boolean>
}

/** Everything is read again, to forget what was removed, and against clocks that are far apart. */
const RELOAD_MS = HOUR_MS

export function createWatching(deps: Deps, chain: Chain): Watching {
  let addresses = createWatchedAddresses(chain)
  let awaited: readonly string[] = []
  let reloadAt = addMs(deps.clock.now(), RELOAD_MS)

  async function refreshAddresses(): Promise<boolean> {
    const now = deps.clock.now()
    if (reloadAt > now) {
      const before = addresses.size
      await addresses.refresh(deps)
      return addresses.size > before
    }
    const next = createWatchedAddresses(chain)
    await next.refresh(deps)
    addresses = next
    reloadAt = addMs(now, RELOAD_MS)
    return true
  }

  async function refreshAwaited(): Promise<boolean> {
    const before = new Set(awaited)
    // What contracts send on TRON is never credited, so that no balance is of interest there.
    awaited = chain.network === 'tron' ? [] : await awaitedAddresses(deps, chain)
    return awaited.some((address) => !before.has(address))
  }

  return {
    isWatched: (hex) => addresses.isWatched(hex),
    awaited: () => awaited,
    get size() {
      return addresses.size
    },
    refresh: async () => {
      const [hasAddresses, hasAwaited] = [await refreshAddresses(), await refreshAwaited()]
      return hasAddresses || hasAwaited
    },
  }
}

/** Over all stores, since a network's blocks are everybody's. */
async function awaitedAddresses(deps: Deps, chain: Chain): Promise<string[]> {
  const p = cryptoPayments
  const rows = await deps.db
    .selectDistinct({ address: p.address })
    .from(p)
    .where(
      and(
        isSimulated(chain) ? eq(p.storeId, chain.realm) : undefined,
        eq(p.isTest, isSimulated(chain)),
        eq(p.network, chain.network),
        eq(p.coin, 'native'),
        eq(p.status, 'pending'),
        isNotNull(p.dueAt),
        isWaiting,
      ),
    )
  return rows.map(({ address }) => address)
}
