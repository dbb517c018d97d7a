import { and, eq, isNotNull } from 'drizzle-orm'
import { expect } from 'vitest'
import type { StoreContext } from '../../../server/context'
import { getBalance } from '../../../server/domain/ledger/service'
import { settleShares } from '../../../server/domain/payments/shares'
import { paymentAttempts } from '../../../server/domain/payments/table'
import { callRest } from '../calls'
import { eventually } from '../server'
import type { FakeStripe } from './server'

/* What a chaos of purchases needs besides where the store is paid into an account of its own. */

const OPERATOR = 'operator-key-of-the-chaos'

export function platformSettings({ connectSecret }: FakeStripe): Record<string, string> {
  return { STRIPE_CONNECT: 'true', STRIPE_CONNECT_WEBHOOK_SECRET: connectSecret, PAYHOOK_ADMIN_KEY: OPERATOR }
}

/** What an operator keeps at Stripe: a refund that comes back is sent to the store from it, and Stripe's costs are taken from it. */
const RESERVE = 1_000_000

/** The store pays the operator an odd fee, and can be paid into. */
export async function joinPlatform(
  { account }: FakeStripe,
  url: string,
  { key, store }: { key: string; store: string },
) {
  const body = { fee_basis_points: 333 }
  await callRest(url, 'POST', `/v1/stores/${store}/approve`, { key: OPERATOR, body })
  const { body: connection } = await callRest(url, 'POST', '/v1/store/connection', { key, body: {} })
  account.connect.complete(String(connection.account_id))
  account.connect.move('', 'usd', RESERVE)
  const again = await callRest(url, 'POST', '/v1/store/connection', { key, body: {} })
  expect(again.body).toMatchObject({ status: 'active' })
}

/** The store's account has what the ledger says, to the cent, and all balances together lack nothing. */
export async function compareShares(ctx: StoreContext, { account }: FakeStripe): Promise<void> {
  await eventually('the last shares', () => isSettled(ctx), 60_000)
  const [balance] = (await getBalance(ctx)).balances
  const { accounts, balanceOf } = account.connect
  const [own = ''] = accounts.keys()
  expect([accounts.size, balanceOf(own, 'usd')]).toEqual([1, balance?.available_cents])
  const charges = [...account.charges.values()]
  const left = charges.reduce((sum, one) => sum + one.amount - one.amount_refunded, 0)
  const kept = charges.reduce((sum, one) => sum + Math.round(one.amount * 0.029) + 30, 0)
  expect(balanceOf(own, 'usd') + balanceOf('', 'usd') - RESERVE).toBe(left - kept)
  expect(left - balanceOf(own, 'usd')).toBe(balance?.fees_cents)
}

/** What could not be moved at once is tried again after half an hour, which the clock of a chaos makes seconds. */
async function isSettled(ctx: StoreContext): Promise<true | undefined> {
  while (await settleShares(ctx));
  const { id, storeId, shareDueAt } = paymentAttempts
  const isWaiting = and(eq(storeId, ctx.storeId), isNotNull(shareDueAt))
  const [waiting] = await ctx.db.select({ id }).from(paymentAttempts).where(isWaiting).limit(1)
  return waiting ? undefined : true
}
