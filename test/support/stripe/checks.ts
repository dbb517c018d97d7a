import { expect } from 'vitest'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import type { Trouble } from './server'
import type { StripeBench, StripeWorld } from './shop'

/** Every request whose path fits goes wrong from now on. */
export function afflict({ stripe }: StripeWorld, trouble: Trouble, path: RegExp): void {
  stripe.trouble = (request) => (path.test(request.path) ? trouble : undefined)
}

/** Every invariant of a store's money, against what Stripe has. */
export async function expectSoundBooks({ world, shop }: StripeBench): Promise<void> {
  const found: string[] = []
  for await (const line of findDiscrepancies(shop.deps, shop.ctx.storeId)) found.push(line)
  expect(found).toEqual([])
  const { charges, intents } = world.stripe.account
  const ours = [...charges.values()].filter(({ payment_intent: id }) => {
    return intents.get(id)?.metadata.payhook_attempt?.startsWith(prefixOf(shop.ctx.storeId))
  })
  const kept = ours.reduce((sum, charge) => sum + charge.amount - charge.amount_refunded, 0)
  const [balance] = (await getBalance(shop.ctx)).balances
  expect(Number(balance?.gross_cents) - Number(balance?.refunds_cents)).toBe(kept)
}

function prefixOf(storeId: bigint): string {
  const hex = storeId.toString(16).padStart(10, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}
