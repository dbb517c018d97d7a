import { and, desc, eq, inArray } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { PLATFORM_STORE } from '../../kernel/ids'
import type { NetworkName } from '../../kernel/networks'
import { type ChainCursorRow, chainBlocks, chainCursors } from './table'

/** A chain that is read: a network itself in realm 0, or the simulated one of a store's test keys in the realm of its number. */
export type Chain = { realm: bigint; network: NetworkName }

export function liveChain(network: NetworkName): Chain {
  return { realm: PLATFORM_STORE, network }
}

export function chainOf({ storeId, isTest }: StoreContext, network: NetworkName): Chain {
  return { realm: isTest ? storeId : PLATFORM_STORE, network }
}

export function isSimulated({ realm }: Chain): boolean {
  return realm !== PLATFORM_STORE
}

export function sameCursor(chain: Chain) {
  return and(
    eq(chainCursors.storeId, chain.realm),
    eq(chainCursors.isTest, isSimulated(chain)),
    eq(chainCursors.network, chain.network),
  )
}

export function inJournal(chain: Chain) {
  return and(
    eq(chainBlocks.storeId, chain.realm),
    eq(chainBlocks.isTest, isSimulated(chain)),
    eq(chainBlocks.network, chain.network),
  )
}

/** Up to where the chain has been read; undefined before its first block. */
export async function readCursorOf(deps: Deps, chain: Chain): Promise<ChainCursorRow | undefined> {
  const [row] = await deps.db.select().from(chainCursors).where(sameCursor(chain))
  return row
}

/** The heads of several networks, for the counts of confirmations that callers see. */
export async function headsOf(ctx: StoreContext, networks: Iterable<NetworkName>): Promise<Map<NetworkName, bigint>> {
  const wanted = [...new Set(networks)]
  const [first] = wanted
  if (first === undefined) return new Map()
  const { realm } = chainOf(ctx, first)
  const rows = await ctx.db
    .select({ network: chainCursors.network, number: chainCursors.number })
    .from(chainCursors)
    .where(
      and(eq(chainCursors.storeId, realm), eq(chainCursors.isTest, ctx.isTest), inArray(chainCursors.network, wanted)),
    )
  return new Map(rows.map(({ network, number }) => [network, number]))
}

/** The newest blocks of the journal, newest first: what a watcher compares with its node to find where the chain forked. */
export function newestBlocks(deps: Deps, chain: Chain, limit: number) {
  return deps.db
    .select({ number: chainBlocks.number, hash: chainBlocks.hash })
    .from(chainBlocks)
    .where(inJournal(chain))
    .orderBy(desc(chainBlocks.number))
    .limit(limit)
}
