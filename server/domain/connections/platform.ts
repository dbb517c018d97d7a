import { and, eq } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import type { Platform } from '../../ports/platform'
import { type ConnectionRow, storeConnections } from './table'

export type PlatformGateway = { gateway: string; platform: Platform }

/** Undefined where this mode's cards are the operator's own account's, a sandbox's, or nobody's. */
export function platformOf({ isTest, gateways }: StoreContext): PlatformGateway | undefined {
  const gateway = isTest ? gateways.test : gateways.live
  if (gateway?.kind !== 'redirect' || !gateway.platform) return undefined
  return { gateway: gateway.name, platform: gateway.platform }
}

export async function findConnection(ctx: StoreContext): Promise<ConnectionRow | undefined> {
  const [row] = await ctx.db.select().from(storeConnections).where(ofStore(ctx))
  return row
}

export function ofStore(ctx: StoreContext) {
  return and(eq(storeConnections.storeId, ctx.storeId), eq(storeConnections.isTest, ctx.isTest))
}

export type FoundConnection = { ctx: StoreContext; connection: ConnectionRow }

/**
 * Whose account this is, or undefined when it is none of a store's. Of the whole platform and without an index, since no row is found by
 * it but when the gateway tells of an account, which is seldom.
 */
export async function connectionOf(
  deps: Deps,
  isTest: boolean,
  gateway: string,
  account: string,
): Promise<FoundConnection | undefined> {
  const c = storeConnections
  const [connection] = await deps.db
    .select()
    .from(c)
    .where(and(eq(c.isTest, isTest), eq(c.gateway, gateway), eq(c.account, account)))
  return connection && { ctx: storeContext(deps, connection.storeId, isTest), connection }
}
