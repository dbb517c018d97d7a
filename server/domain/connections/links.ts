import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Deps, StoreContext } from '../../context'
import { storeContext } from '../../context'
import { addMs, DAY_MS } from '../../kernel/clock'
import { formatStoreId, parseStoreId } from '../../kernel/ids'
import type { OnboardingRequest } from '../../ports/platform'
import { findConnection } from './platform'
import type { ConnectionRow } from './table'

/*
 * Where a seller comes back to from the gateway's page, who has no key of ours with them: the address itself is signed, names the store, and
 * is good for a day. Signed rather than kept, so that of two links that are asked for at once both work.
 */

const LIFETIME_MS = DAY_MS

export function onboardingPages(ctx: StoreContext, { account, linkSecret }: ConnectionRow): OnboardingRequest {
  const until = addMs(ctx.clock.now(), LIFETIME_MS).getTime()
  const name = `${formatStoreId(ctx.storeId)}-${ctx.isTest ? 'test' : 'live'}-${until.toString(36)}`
  const address = `${ctx.publicUrl}/connect/${name}-${signature(name, linkSecret)}`
  return { account: account ?? '', returnUrl: `${address}/return`, refreshUrl: `${address}/refresh` }
}

const TOKEN = /^((sto_[0-9a-z]{8})-(live|test)-([0-9a-z]{1,12}))-([0-9a-f]{64})$/

export type Returning = { ctx: StoreContext; connection: ConnectionRow }

/** Who comes with this address; undefined for one that is not ours, or over. */
export async function readOnboardingToken(deps: Deps, token: string): Promise<Returning | undefined> {
  const [, name = '', store = '', mode, until = '', mac = ''] = TOKEN.exec(token) ?? []
  const storeId = parseStoreId(store)
  if (storeId === undefined || Number.parseInt(until, 36) <= deps.clock.now().getTime()) return undefined
  const ctx = storeContext(deps, storeId, mode === 'test')
  const connection = await findConnection(ctx)
  if (!connection) return undefined
  const expected = signature(name, connection.linkSecret)
  return timingSafeEqual(Buffer.from(mac), Buffer.from(expected)) ? { ctx, connection } : undefined
}

function signature(name: string, secret: string): string {
  return createHmac('sha256', secret).update(name).digest('hex')
}
