import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteCoupon, updateCoupon } from '../../../server/domain/coupons/service'
import { coupons } from '../../../server/domain/coupons/table'
import { SESSION_EXPIRED } from '../../../server/domain/orders/table'
import { createOrder } from '../../../server/domain/payments/creation'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { finishAuthentication, payWithCard } from '../../../server/domain/payments/service'
import { applyCoupon, removeCoupon } from '../../../server/domain/payments/session-coupon'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { AppError } from '../../../server/kernel/errors'
import { parseRowId } from '../../../server/kernel/ids'
import { CARDS } from '../../support/cards'
import { addCoupon, readUses, usesOf } from '../../support/coupons'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const CODES = ['RED', 'BLUE'] as const
type Code = (typeof CODES)[number]
const CUSTOMERS = ['ada@example.com', 'Bob@Example.com'] as const

type Limits = { max_uses: number | null; max_uses_per_customer: number | null }

type Step =
  | { do: 'order'; code: Code; email: string | undefined }
  | { do: 'apply'; session: number; code: Code }
  | { do: 'remove'; session: number }
  | { do: 'pay'; session: number; email: string; card: keyof typeof CARDS }
  | { do: 'authenticate'; session: number; approved: boolean }
  | { do: 'limit'; code: Code; limits: Limits }
  | { do: 'expire'; minutes: number }
  | { do: 'delete'; code: Code }

const some = {
  code: fc.constantFrom(...CODES),
  session: fc.nat({ max: 7 }),
  email: fc.constantFrom(...CUSTOMERS),
  card: fc.constantFrom(
    'succeeds' as const,
    'succeeds' as const,
    'succeedsWith3ds' as const,
    'insufficientFunds' as const,
  ),
  limit: fc.option(fc.integer({ min: 1, max: 4 })),
}
const limits = fc.record({ max_uses: some.limit, max_uses_per_customer: some.limit })

const does = <K extends Step['do']>(what: K) => fc.constant(what)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: does('order'), code: some.code, email: fc.option(some.email, { nil: undefined }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: does('apply'), session: some.session, code: some.code }) },
  { weight: 2, arbitrary: fc.record({ do: does('remove'), session: some.session }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: does('pay'), session: some.session, email: some.email, card: some.card }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: does('authenticate'), session: some.session, approved: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: does('limit'), code: some.code, limits }) },
  { weight: 1, arbitrary: fc.record({ do: does('expire'), minutes: fc.constantFrom(20, 61) }) },
  { weight: 1, arbitrary: fc.record({ do: does('delete'), code: some.code }) },
)

/** What the test knows of a coupon beside the database: the loosest limits that held in the running round. */
type Known = { id: string; loosest: Limits }

class Course {
  readonly sessions: string[] = []
  readonly coupons = new Map<Code, Known>()

  constructor(readonly shop: Shop) {}

  async add(code: Code, limits: Limits): Promise<void> {
    const id = await addCoupon(this.shop, code, limits)
    this.coupons.set(code, { id, loosest: limits })
  }

  async take(what: Step): Promise<void> {
    const { shop } = this
    const session = 'session' in what ? this.sessions[what.session % Math.max(1, this.sessions.length)] : undefined
    if (what.do === 'order') await this.order(what.code, what.email)
    if (what.do === 'limit') await this.limit(what.code, what.limits)
    if (what.do === 'delete') await this.delete(what.code)
    if (what.do === 'expire') {
      world.clock.advance(what.minutes * MINUTE_MS)
      await expireSessions(shop.deps)
    }
    if (session === undefined) return
    if (what.do === 'apply') await applyCoupon(shop.deps, session, what.code)
    if (what.do === 'remove') await removeCoupon(shop.deps, session)
    if (what.do === 'authenticate') await finishAuthentication(shop.deps, session, what.approved)
    if (what.do === 'pay') await payWithCard(shop.deps, session, { ...what, name: null, card: CARDS[what.card] })
  }

  private async order(code: Code, email: string | undefined): Promise<void> {
    const asked = { product_id: this.shop.product.id, metadata: {}, coupon_code: code }
    this.sessions.push(
      (await createOrder(this.shop.ctx, email ? { ...asked, customer_email: email } : asked)).sessionId,
    )
  }

  private async limit(code: Code, limits: Limits): Promise<void> {
    const known = this.known(code)
    known.loosest = looser(known.loosest, limits)
    await updateCoupon(this.shop.ctx, { id: known.id, ...limits })
  }

  /** Orders that have it keep it, whoever pays them: nobody is bound by the limits of a coupon that is gone. */
  private async delete(code: Code): Promise<void> {
    const known = this.known(code)
    known.loosest = { ...known.loosest, max_uses_per_customer: null }
    await deleteCoupon(this.shop.ctx, known.id)
  }

  known(code: Code): Known {
    const known = this.coupons.get(code)
    if (!known) throw new Error(`there is no ${code}`)
    return known
  }
}

const larger = (a: number | null, b: number | null) => (a === null || b === null ? null : Math.max(a, b))

function looser(a: Limits, b: Limits): Limits {
  return {
    max_uses: larger(a.max_uses, b.max_uses),
    max_uses_per_customer: larger(a.max_uses_per_customer, b.max_uses_per_customer),
  }
}

/** A refusal is fine; anything else, a deadlock for one, is a finding. */
function refusal(error: unknown) {
  if (!(error instanceof AppError)) throw error
}

type Uses = Awaited<ReturnType<typeof readUses>>

/** Counts by some key, 0 for what is not there. */
function tally(keys: readonly string[]): (key: string) => number {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return (key) => counts.get(key) ?? 0
}

const perCoupon = ({ uses }: Uses) => tally(uses.map(({ couponId }) => couponId))
const perCustomer = ({ uses }: Uses) =>
  tally(uses.flatMap(({ couponId, customer }) => (customer === null ? [] : `${couponId} ${customer}`)))

function checkOrders({ sold, uses }: Uses): void {
  for (const order of sold) {
    expect(order.amountMinor + order.discountMinor).toBe(order.subtotalMinor)
    expect(order.discountMinor).toBe(order.couponId === null ? 0n : 190n)
    expect(order.couponCode === null).toBe(order.couponId === null)
    const use = uses.find(({ orderId }) => orderId === order.id)
    // Whoever has the discount has a use, and nobody else.
    expect(use?.couponId ?? null).toBe(order.failureCode === SESSION_EXPIRED ? null : order.couponId)
    if (order.status === 'completed' && use) expect(use.customer).toBe(order.customerEmail?.toLowerCase())
  }
}

/** Nobody gets what no limit of the round would have allowed. */
function checkLimits(course: Course, before: Uses, after: Uses): void {
  const [usesBefore, usesAfter] = [perCoupon(before), perCoupon(after)]
  const [ofCustomerBefore, ofCustomerAfter] = [perCustomer(before), perCustomer(after)]
  for (const id of new Set(after.uses.map(({ couponId }) => couponId))) {
    const known = [...course.coupons.values()].find((coupon) => rowIdIn(coupon.id) === id)
    if (!known) continue
    const { max_uses: limit, max_uses_per_customer: limitOfOne } = known.loosest
    expect(usesAfter(id)).toBeLessThanOrEqual(Math.max(usesBefore(id), limit ?? Number.POSITIVE_INFINITY))
    for (const email of CUSTOMERS) {
      const key = `${id} ${email.toLowerCase()}`
      const most = Math.max(ofCustomerBefore(key), limitOfOne ?? Number.POSITIVE_INFINITY)
      expect(ofCustomerAfter(key)).toBeLessThanOrEqual(most)
    }
  }
}

const rowIdIn = (id: string) => parseRowId('coup', id)

test('whatever happens to coupons and their orders, in whatever order and at once, every use is one order and no limit is passed', async () => {
  const round = fc.array(step, { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(limits, limits, fc.array(round, { minLength: 1, maxLength: 8 }), async (red, blue, rounds) => {
      const course = new Course(await openShop(world))
      await course.add('RED', red)
      await course.add('BLUE', blue)
      let before = await readUses(course.shop)
      for (const steps of rounds) {
        await Promise.all(steps.map((what) => course.take(what).catch(refusal)))
        const after = await readUses(course.shop)
        checkOrders(after)
        checkLimits(course, before, after)
        before = after
        await settle(course, after)
      }
    }),
    // What a race did once is not found again by smaller steps: the failure itself is told.
    { numRuns: 60, endOnFailure: true },
  )
})

/** Between rounds: the limits are what the database says, a deleted coupon is made anew, and the API counts as we do. */
async function settle(course: Course, { uses }: Uses): Promise<void> {
  for (const code of CODES) {
    const known = course.known(code)
    const [row] = await course.shop.ctx.db
      .select()
      .from(coupons)
      .where(eq(coupons.id, rowIdIn(known.id) ?? ''))
    if (!row) {
      await course.add(code, { max_uses: 2, max_uses_per_customer: null })
      continue
    }
    known.loosest = { max_uses: row.maxUses, max_uses_per_customer: row.maxUsesPerCustomer }
    expect(await usesOf(course.shop, known.id)).toBe(uses.filter(({ couponId }) => couponId === row.id).length)
  }
}
