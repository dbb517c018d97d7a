import { and, eq, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, SECOND_MS } from '../../kernel/clock'
import { type Chain, isSimulated } from './chain'
import { chainWatchers } from './table'

/** Another process takes over so long after the one that watched was killed. */
export const HELD_MS = 6 * SECOND_MS

/**
 * Takes the watch over a chain, or keeps it. False when another process has it. Whoever lost it without noticing does no harm:
 * blocks count once whoever hands them in.
 */
export async function takeWatch({ db, clock }: Deps, chain: Chain, holder: string): Promise<boolean> {
  const at = clock.now()
  const heldUntil = addMs(at, HELD_MS)
  const { heldUntil: until, holder: who } = chainWatchers
  const [mine] = await db
    .insert(chainWatchers)
    .values({ storeId: chain.realm, isTest: isSimulated(chain), network: chain.network, holder, heldUntil })
    .onConflictDoUpdate({
      target: [chainWatchers.storeId, chainWatchers.isTest, chainWatchers.network],
      set: { holder: sql`excluded.holder`, heldUntil: sql`excluded.held_until` },
      setWhere: sql`${who} = ${sql.param(holder, who)} or ${until} <= ${sql.param(at, until)}`,
    })
    .returning({ holder: chainWatchers.holder })
  return mine !== undefined
}

/** Gives it back, so that another process needn't wait. */
export async function giveWatchBack({ db }: Deps, chain: Chain, holder: string): Promise<void> {
  await db
    .delete(chainWatchers)
    .where(
      and(
        eq(chainWatchers.storeId, chain.realm),
        eq(chainWatchers.isTest, isSimulated(chain)),
        eq(chainWatchers.network, chain.network),
        eq(chainWatchers.holder, holder),
      ),
    )
}
