import { and, eq, min } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, MINUTE_MS } from '../../kernel/clock'
import type { BlockRef, Network } from '../../ports/network'
import { cryptoPayments, isWaiting } from '../crypto/table'
import type { Chain } from './chain'

/** A block's time is that of its slot's beginning, and clocks differ. */
const SKEW_MS = MINUTE_MS

/** When the oldest payment of a network was made that may yet be paid; over all stores, since its blocks are everybody's. */
export async function oldestWaiting({ db }: Deps, { network }: Chain): Promise<Date | undefined> {
  const p = cryptoPayments
  const [oldest] = await db
    .select({ at: min(p.createdAt) })
    .from(p)
    .where(and(eq(p.isTest, false), eq(p.network, network), isWaiting))
  return oldest?.at ?? undefined
}

/** A block, from this number downwards, that is older than whatever happened since: not much older, found with few questions. */
export async function blockBefore(network: Network, from: bigint, since: Date): Promise<BlockRef | undefined> {
  const before = addMs(since, -SKEW_MS)
  let [number, stride] = [from, 1n]
  for (;;) {
    const block = await network.blockAt(number)
    if (number === 0n || (block && block.time <= before)) return block
    number = number > stride ? number - stride : 0n
    stride *= 2n
  }
}
