import { and, asc, count, eq, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { createAddressTable } from '../../kernel/address-table'
import { addressHex } from '../../kernel/chain-address'
import { addMs, MINUTE_MS } from '../../kernel/clock'
import type { IsWatched } from '../../ports/network'
import { addressOwners } from '../addresses/table'
import type { Chain } from './chain'

/** All addresses of a chain that somebody receives at, for `Network.read`. */
export type WatchedAddresses = {
  isWatched: IsWatched
  /** Takes in what was added since the last call: before a head is read up to, so that no payment is younger than this. */
  refresh(deps: Deps): Promise<void>
  readonly size: number
  /** What the table of them takes. */
  readonly bytes: number
}

const PAGE = 10_000

/**
 * An address shows up in the database when its transaction commits, with a time of somebody's clock before that: so far back is
 * looked again each time.
 */
const OVERLAP_MS = 2 * MINUTE_MS

const BEFORE_ALL = new Date(0)

/**
 * Empty until its first refresh. What was removed meanwhile stays in it, which does no harm: who owns an address is asked again when
 * something came. A watcher that begins anew, as after taking over a lease, makes a new one.
 */
export function createWatchedAddresses(chain: Chain): WatchedAddresses {
  let table = createAddressTable()
  let readUntil = BEFORE_ALL
  return {
    isWatched: (hex) => table.has(hex),
    refresh: async (deps) => {
      const began = deps.clock.now()
      if (readUntil === BEFORE_ALL) table = createAddressTable(await countOf(deps, chain))
      let place = { at: readUntil === BEFORE_ALL ? BEFORE_ALL : addMs(readUntil, -OVERLAP_MS), address: '' }
      for (let isMore = true; isMore; ) {
        const page = await pageAfter(deps, chain, place)
        for (const { address } of page) table.add(addressHex(address))
        const last = page.at(-1)
        if (last) place = { at: last.addedAt, address: last.address }
        isMore = page.length === PAGE
      }
      readUntil = began
    },
    get size() {
      return table.size
    },
    get bytes() {
      return table.bytes
    },
  }
}

function isOf(chain: Chain) {
  return and(eq(addressOwners.network, chain.network), eq(addressOwners.realm, chain.realm))
}

async function countOf(deps: Deps, chain: Chain): Promise<number> {
  const [row] = await deps.db.select({ count: count() }).from(addressOwners).where(isOf(chain))
  return row?.count ?? 0
}

/** In the order of the index. Of all stores: a network's blocks are everybody's. */
function pageAfter(deps: Deps, chain: Chain, { at, address }: { at: Date; address: string }) {
  const o = addressOwners
  return deps.db
    .select({ address: o.address, addedAt: o.addedAt })
    .from(o)
    .where(and(isOf(chain), sql`(${o.addedAt}, ${o.address}) > (${sql.param(at, o.addedAt)}, ${address})`))
    .orderBy(asc(o.addedAt), asc(o.address))
    .limit(PAGE)
}
