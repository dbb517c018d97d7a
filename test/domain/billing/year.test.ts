import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { createDeps } from '../../../server/deps'
import { billDue } from '../../../server/domain/billing/periods'
import { setOverage, subscribe } from '../../../server/domain/billing/service'
import { foldLedger } from '../../../server/domain/ledger/roller'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { AppError } from '../../../server/kernel/errors'
import { newRowId } from '../../../server/kernel/ids'
import { INTERVALS, PLAN_IDS } from '../../../server/kernel/plans'
import { confirmAtOnce, createBilledWorld, reverseAtOnce, topUpAtOnce, untopUpAtOnce } from '../../support/billing'
import { checkBooks } from '../../support/billing-books'
import type { World } from '../../support/world'

/** Of the suite; CONTRIBUTING says how to run more. */
const YEARS = Number(process.env.BILLING_YEARS ?? 10)
const STEPS = 60

let world: World
beforeAll(async () => {
  world = await createBilledWorld({
    plans: {
      free: { included_payments: 2, overage_usdt: '0.10' },
      pro: {
        monthly: { price_usdt: '5', included_payments: 3 },
        yearly: { price_usdt: '20.5', included_payments: 12 },
        overage_usdt: '0.333333',
      },
      scale: { monthly: { price_usdt: '11', included_payments: 5 }, overage_usdt: '0.07', allow_overage: false },
    },
    low_balance_usdt: '2',
  })
})
afterAll(() => world.close())

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pay' as const), payments: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('top up' as const), minor: fc.bigInt(1n, 9_000_000n) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('plan' as const),
      plan: fc.constantFrom(...PLAN_IDS),
      interval: fc.constantFrom(...INTERVALS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('overage' as const), allow_overage: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reverse' as const), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take back' as const), nth: fc.nat(5) }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'jobs' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fold' as const }) },
)
/** With how many hours before it: sixty of them are about a year. */
const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), step), { minLength: STEPS, maxLength: STEPS })

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
type Shop = { ctx: StoreContext; isTest: boolean; confirmed: string[]; credited: string[] }

/** A refusal is an answer, and changes nothing. */
async function unlessRefused(work: Promise<unknown>): Promise<void> {
  await work.catch((error) => {
    if (!(error instanceof AppError) || !['insufficient_balance', 'invalid_request'].includes(error.code)) throw error
  })
}

/** The same database, and nothing of what the process before had in memory. */
function restarted({ ctx }: Shop): StoreContext {
  const { config, publicUrl, clock, log } = world.deps
  const deps = createDeps({ config, publicUrl, clock, log, database: world.database })
  return storeContext(deps, ctx.storeId, ctx.isTest)
}

async function take(shop: Shop, one: Step): Promise<void> {
  const { ctx, confirmed, credited } = shop
  switch (one.kind) {
    case 'pay': {
      const ids = Array.from({ length: one.payments }, () => newRowId(ctx.storeId))
      // Confirmations of several networks at once, and jobs of two processes beside them.
      await Promise.all([...ids.map((id) => confirmAtOnce(ctx, id)), billDue(ctx), billDue(restarted(shop))])
      confirmed.push(...ids)
      return
    }
    case 'top up':
      credited.push(await topUpAtOnce(ctx, one.minor))
      return
    case 'plan':
      // Twice, as by an impatient finger.
      await Promise.all([unlessRefused(subscribe(ctx, one)), unlessRefused(subscribe(ctx, one))])
      return
    case 'overage':
      await setOverage(ctx, one)
      return
    case 'reverse': {
      const [id] = confirmed.splice(one.nth, 1)
      if (id) await reverseAtOnce(ctx, id)
      return
    }
    case 'take back': {
      const [id] = credited.splice(one.nth, 1)
      if (id) await untopUpAtOnce(ctx, id)
      return
    }
    case 'jobs':
      await Promise.all([billDue(ctx), billDue(restarted(shop))])
      return
    case 'crash':
      return crash(ctx)
    case 'restart':
      shop.ctx = restarted(shop)
      return
    case 'fold':
      await foldLedger(ctx)
  }
}

/** A process that ends in the middle of its work, which the database then undoes. */
async function crash(ctx: StoreContext): Promise<void> {
  const ended = new Error('killed')
  const work = inTransaction(ctx, async (tx) => {
    await topUpAtOnce(tx, 50_000_000n)
    await subscribe(tx, { plan: 'scale', interval: 'monthly' })
    for (let n = 0; n < 7; n++) await confirmAtOnce(tx)
    throw ended
  })
  await expect(work).rejects.toBe(ended)
}

test(
  `${YEARS} years of payments, top-ups, plan changes and restarts: the books are sound, and nothing is charged twice`,
  async () => {
    const year = fc.asyncProperty(steps, fc.boolean(), async (taken, isTest) => {
      const { store } = await world.openStore()
      const shop: Shop = { ctx: storeContext(world.deps, store.storeId, isTest), isTest, confirmed: [], credited: [] }
      for (const [hours, one] of taken) {
        world.clock.advance(hours * HOUR_MS)
        await take(shop, one)
      }
      await checkBooks(shop.ctx)
      world.clock.advance(400 * DAY_MS)
      while (await billDue(shop.ctx));
      await checkBooks(shop.ctx)
    })
    await fc.assert(year, { numRuns: YEARS, endOnFailure: true })
  },
  60_000 + YEARS * 20_000,
)
