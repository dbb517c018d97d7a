import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type Deps, type StoreContext, storeContext } from '../../../server/context'
import { checkConnections } from '../../../server/domain/connections/checks'
import { connectStore } from '../../../server/domain/connections/service'
import { followNotices } from '../../../server/domain/notices/service'
import { type Checkout, findCheckout, openSession } from '../../../server/domain/payments/checkout'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { reconcileAttempts, reconcileFees } from '../../../server/domain/payments/reconciliation'
import { recoverAttempts, recoverRefunds } from '../../../server/domain/payments/recovery'
import { openPaymentPage } from '../../../server/domain/payments/redirect'
import { closeStrandedPages, settleShares } from '../../../server/domain/payments/shares'
import { createProduct } from '../../../server/domain/products/service'
import type { ProductRow } from '../../../server/domain/products/table'
import type { OpenedStore } from '../../../server/domain/stores/service'
import { events } from '../../../server/domain/webhooks/table'
import { newSessionId } from '../../../server/kernel/ids'
import { readLedger } from '../shop'
import { createWorld, type World } from '../world'
import { type FakeStripe, startStripe } from './server'
import { FINE } from './webhooks'

/** The whole app with a Stripe beside it, which tells it by webhooks, and a store that sells live. */
export type StripeWorld = World & { stripe: FakeStripe }

export async function createStripeWorld({ livemode = true, connect = false } = {}): Promise<StripeWorld> {
  const clock = { now: () => world.clock.now() }
  const stripe = await startStripe({ clock, livemode })
  const world = await createWorld({
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
    ...(connect && { STRIPE_CONNECT: 'true', STRIPE_CONNECT_WEBHOOK_SECRET: stripe.connectSecret }),
  })
  stripe.webhooks.target = `${world.url}/webhooks/stripe`
  const close = async () => {
    await stripe.close()
    await world.close()
  }
  return { ...world, stripe, close }
}

/** A store with a product for $19.00. */
export type StripeShop = {
  deps: Deps
  opened: OpenedStore
  ctx: StoreContext
  product: ProductRow
  open(): Promise<Checkout>
  /** Opens, and goes to Stripe's page; answers its id there. */
  begin(email?: string): Promise<{ checkout: Checkout; page: string }>
  stateOf(sessionId: string): Promise<Checkout['state']>
  ledger(orderId: string): ReturnType<typeof readLedger>
  /** The types of the events about an order, sorted. */
  told(orderId: string): Promise<string[]>
}

export async function openStripeShop(world: World, isTest = false): Promise<StripeShop> {
  const { deps } = world
  const opened = await world.openStore()
  const ctx = storeContext(deps, opened.store.storeId, isTest)
  const product = await createProduct(ctx, { name: 'Kit', price_cents: 1_900, currency: 'usd', status: 'active' })
  const open = () => openSession(deps, { productId: product.id, sessionId: newSessionId(ctx.storeId, isTest) })
  const begin = async (email = 'buyer@example.com') => {
    const { sessionId } = (await open()).order
    const { checkout } = await openPaymentPage(deps, sessionId, { email, name: null })
    return { checkout, page: checkout.attempt?.gatewayPage ?? '' }
  }
  const told = async (orderId: string) => {
    const rows = await deps.db.select().from(events).where(eq(events.storeId, ctx.storeId))
    const [order] = [(await readLedger(ctx, orderId)).order]
    const isAbout = (data: Record<string, unknown>) =>
      [data.id, data.order_id, data.purchase_id].some((id) => id === orderId || id === order.number)
    return rows
      .filter(({ data }) => isAbout(data))
      .map(({ type }) => type)
      .sort()
  }
  const stateOf = async (sessionId: string) => (await findCheckout(deps, sessionId)).state
  return { ...{ deps, opened, ctx, product, open, begin, stateOf, told }, ledger: (id) => readLedger(ctx, id) }
}

/** One round of everything that runs in the background. */
export async function runJobs(deps: Deps): Promise<void> {
  const ofPlatform = [closeStrandedPages, settleShares, checkConnections]
  for (const job of [
    followNotices,
    recoverAttempts,
    reconcileAttempts,
    reconcileFees,
    recoverRefunds,
    expireSessions,
    ...ofPlatform,
  ]) {
    while (await job(deps));
  }
}

/** The store's account at Stripe, with all questions answered; answers its id there. */
export async function connectShop({ stripe }: StripeWorld, { ctx }: StripeShop): Promise<string> {
  const { account_id: account } = await connectStore(ctx, {})
  if (account === null) throw new Error('the store has an account')
  stripe.account.connect.complete(account)
  await stripe.webhooks.drain()
  await runJobs(ctx)
  return account
}

export type StripeBench = {
  readonly world: StripeWorld
  readonly shop: StripeShop
  /** What Stripe has told by now reaches us, and all background work is done. */
  arrive(): Promise<void>
}

/** Registers hooks: one world for a test file, and before each test a new store and a Stripe in which nothing is odd. */
export function stripeShopForEachTest(options: Parameters<typeof createStripeWorld>[0] = {}): StripeBench {
  let world: StripeWorld
  let shop: StripeShop
  beforeAll(async () => {
    world = await createStripeWorld(options)
  })
  beforeEach(async () => {
    const { account, webhooks } = world.stripe
    world.stripe.trouble = () => undefined
    webhooks.weather = FINE
    webhooks.waiting.length = 0
    Object.assign(account.settings, account.firstSettings)
    Object.assign(account.connect.settings, account.connect.firstSettings)
    shop = await openStripeShop(world)
  })
  afterAll(() => world.close())
  return {
    get world() {
      return world
    },
    get shop() {
      return shop
    },
    arrive: async () => {
      await world.stripe.webhooks.drain()
      await runJobs(shop.deps)
    },
  }
}
