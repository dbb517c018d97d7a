import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkConnections } from '../../../server/domain/connections/checks'
import { findConnection } from '../../../server/domain/connections/platform'
import { refreshConnection } from '../../../server/domain/connections/refresh'
import { issueKey } from '../../../server/domain/keys/service'
import { followNotices } from '../../../server/domain/notices/service'
import { events } from '../../../server/domain/webhooks/table'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { formatStoreId } from '../../../server/kernel/ids'
import { type Answer, callRest } from '../../support/calls'
import type { Trouble } from '../../support/stripe/server'
import {
  connectShop,
  createStripeWorld,
  openStripeShop,
  runJobs,
  type StripeShop,
  type StripeWorld,
} from '../../support/stripe/shop'

let world: StripeWorld
let shop: StripeShop
beforeAll(async () => {
  world = await createStripeWorld({ connect: true })
})
beforeEach(async () => {
  shop = await openStripeShop(world)
  world.stripe.trouble = () => undefined
  world.stripe.webhooks.waiting.length = 0
})
afterAll(() => world.close())

const call = (method: 'GET' | 'POST', body?: object, key = shop.opened.liveKey): Promise<Answer> =>
  callRest(world.url, method, '/v1/store/connection', { key, body })
const connect = (body: object = {}) => call('POST', body)
const status = async () => (await call('GET')).body

const accountsOf = (store: string) =>
  [...world.stripe.account.connect.accounts.values()].filter(({ metadata }) => metadata.payhook_store === store)
const ownAccounts = async () => {
  const { body } = await callRest(world.url, 'GET', '/v1/store', { key: shop.opened.liveKey })
  return accountsOf(String(body.id))
}

async function arrive(): Promise<void> {
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
}

/** What the store was told of its connection, sorted, since the clock stands still. */
async function told() {
  const rows = await shop.deps.db
    .select()
    .from(events)
    .where(and(eq(events.storeId, shop.ctx.storeId), eq(events.type, 'store.connection_updated')))
  return rows.map(({ data }) => String(data.status)).sort()
}

describe('connect_store', () => {
  test('may be called sixty times an hour by a store, by whatever key or door; others have their own sixty', async () => {
    for (let calls = 0; calls < 60; calls++) await shop.ctx.connectCalls.exceededFor(formatStoreId(shop.ctx.storeId))
    const asked = world.stripe.requests.length
    const refused = await connect()
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000)
    expect(world.stripe.requests.length).toBe(asked)
    expect((await status()).status).toBe('not_connected')
    const other = await openStripeShop(world)
    expect((await call('POST', {}, other.opened.liveKey)).status).toBe(200)
  })

  test('opens an account with a link, and leads to a store that sells', async () => {
    expect(await status()).toMatchObject({ status: 'not_connected', can_sell: false, account_id: null })
    const { status: code, body } = await connect()
    expect(code).toBe(200)
    expect(body).toMatchObject({
      ...{ status: 'onboarding', can_sell: false, account_id: expect.stringMatching(/^acct_/) },
      ...{
        onboarding_url: expect.stringContaining(world.stripe.url),
        next_step: expect.stringMatching(/onboarding_url/),
      },
      requirements: expect.arrayContaining(['external_account']),
    })
    world.stripe.account.connect.complete(String(body.account_id))
    await arrive()
    expect(await status()).toMatchObject({
      ...{ status: 'active', can_sell: true, payouts_enabled: true, requirements: [], next_step: null, is_test: false },
    })
    expect(await connect()).toMatchObject({ body: { status: 'active', onboarding_url: null } })
    expect(await told()).toEqual(['active', 'onboarding'])
  })

  test('opens one account however many call at once, each with a link that works', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => connect()))
    expect(answers.map(({ status: code }) => code)).toEqual(Array(10).fill(200))
    expect(new Set(answers.map(({ body }) => body.account_id)).size).toBe(1)
    expect(new Set(answers.map(({ body }) => body.onboarding_url)).size).toBe(10)
    expect(await ownAccounts()).toHaveLength(1)
  })

  test.each(['cut_before', 'cut_after', 'broken'] as const)(
    'that Stripe does not answer (%s) says so, and the next call goes on with the same account',
    async (trouble: Trouble) => {
      world.stripe.trouble = ({ path }) => (path === '/v1/accounts' ? trouble : undefined)
      expect(await connect()).toMatchObject({ status: 502, body: { code: 'gateway_failed', retryable: true } })
      world.stripe.trouble = () => undefined
      world.clock.advance(2 * DAY_MS)
      expect(await connect()).toMatchObject({ status: 200, body: { status: 'onboarding' } })
      expect(await ownAccounts()).toHaveLength(1)
    },
    30_000,
  )

  test('sends the country, which stays; a wrong one is refused and can be put right', async () => {
    expect(await connect({ country: 'XX' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', field: 'country' },
    })
    expect(await connect({ country: 'germany' })).toMatchObject({ status: 400, body: { field: 'country' } })
    expect(await connect({ country: 'de' })).toMatchObject({ status: 200 })
    expect(await ownAccounts()).toMatchObject([{ country: 'DE' }])
    expect(await connect({ country: 'FR' })).toMatchObject({ status: 400, body: { field: 'country' } })
    expect(await connect({ country: 'DE' })).toMatchObject({ status: 200 })
  })

  test('repeated with an idempotency key gives another link, since a link works once', async () => {
    const headers = { 'Idempotency-Key': 'connect-my-store-once' }
    const send = () =>
      callRest(world.url, 'POST', '/v1/store/connection', { key: shop.opened.liveKey, body: {}, headers })
    const [first, second] = [await send(), await send()]
    expect(second.body.account_id).toBe(first.body.account_id)
    expect(second.body.onboarding_url).not.toBe(first.body.onboarding_url)
  })

  test('needs a key that may change the store; the status one that may read it', async () => {
    const { secret } = await issueKey(shop.deps.db, {
      ...{ storeId: shop.ctx.storeId, isTest: false, name: 'Reader', scopes: ['store:read'], at: world.clock.now() },
    })
    expect((await call('POST', {}, secret)).body.code).toBe('missing_scope')
    expect((await call('GET', undefined, secret)).body.status).toBe('not_connected')
  })

  test('is not needed in a mode that has the sandbox, whose orders are paid as ever', async () => {
    const key = shop.opened.testKey
    expect(await call('POST', {}, key)).toMatchObject({
      ...{ status: 200, body: { status: 'not_needed', can_sell: true, onboarding_url: null, is_test: true } },
    })
    const made = await callRest(world.url, 'POST', '/v1/orders', { key, body: { amount_cents: 900 } })
    expect(
      (await callRest(world.url, 'POST', `/v1/orders/${made.body.id}/pay_test`, { key, body: {} })).body.state,
    ).toBe('paid')
  })
})

describe('what Stripe tells of an account', () => {
  test('late, twice, in any order or never leads to the state that Stripe has', async () => {
    const account = String((await connect()).body.account_id)
    const { change, complete } = world.stripe.account.connect
    for (let round = 0; round < 6; round++) {
      change(account, { isSubmitted: true, due: ['company.tax_id'] })
      complete(account)
      change(account, { isChargeable: false, disabledReason: 'under_review' })
      if (round % 2 === 0) complete(account)
      const { waiting } = world.stripe.webhooks
      waiting.push(...waiting)
      waiting.sort(() => Math.random() - 0.5)
      await world.stripe.webhooks.drain()
      await Promise.all([followNotices(shop.deps), followNotices(shop.deps), status()])
      await runJobs(shop.deps)
      expect((await status()).status).toBe(round % 2 === 0 ? 'active' : 'restricted')
    }
    change(account, { isChargeable: false, disabledReason: 'rejected.fraud' })
    world.stripe.webhooks.waiting.length = 0
    world.clock.advance(DAY_MS)
    while (await checkConnections(shop.deps));
    expect(await status()).toMatchObject({ status: 'restricted', next_step: expect.stringMatching(/refused/) })
  })

  test('asked for twice at once: the older answer never wins', async () => {
    const account = String((await connect()).body.account_id)
    const { ctx } = shop
    const gateway = ctx.gateways.live
    const connection = await findConnection(ctx)
    if (gateway?.kind !== 'redirect' || !gateway.platform || !connection) throw new Error('the store is connecting')
    const platform = gateway.platform
    const newer = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const findAccount = async (id: string) => {
      const answer = await platform.findAccount(id)
      asked.resolve()
      await newer.promise
      return answer
    }
    const live = { ...gateway, platform: { ...platform, findAccount } }
    world.stripe.account.connect.complete(account)
    const slow = refreshConnection({ ...ctx, gateways: { ...ctx.gateways, live } }, connection)
    await asked.promise
    world.stripe.account.connect.change(account, { isChargeable: false, disabledReason: 'under_review' })
    await refreshConnection(ctx, connection)
    newer.resolve()
    expect((await slow).status).toBe('restricted')
    expect((await findConnection(ctx))?.status).toBe('restricted')
    expect(await told()).toEqual(['onboarding', 'restricted'])
  })

  test('that Stripe can’t be asked about is followed when it can', async () => {
    const account = String((await connect()).body.account_id)
    world.stripe.account.connect.complete(account)
    world.stripe.trouble = () => 'cut_before'
    await arrive()
    world.stripe.trouble = () => undefined
    world.clock.advance(HOUR_MS)
    await runJobs(shop.deps)
    expect(await told()).toEqual(['active', 'onboarding'])
  })

  test('of an account of somebody else changes nothing', async () => {
    const { id } = world.stripe.account.connect.openAccount({ metadata: { payhook_store: 'sto_00000000' } })
    world.stripe.account.connect.complete(id)
    world.stripe.account.connect.deauthorize(id)
    await arrive()
    expect(world.stripe.webhooks.log.slice(-3).map(({ status: code }) => code)).toEqual([200, 200, 200])
    expect((await status()).status).toBe('not_connected')
  })
})

describe('an account that is ended', () => {
  test('stops the store, and connect_store opens another one', async () => {
    const first = await connectShop(world, shop)
    world.stripe.account.connect.deauthorize(first)
    await arrive()
    expect(await status()).toMatchObject({
      status: 'deauthorized',
      can_sell: false,
      next_step: expect.stringMatching(/connect_store/),
    })
    const order = () =>
      callRest(world.url, 'POST', '/v1/orders', { key: shop.opened.liveKey, body: { product_id: shop.product.id } })
    expect(await order()).toMatchObject({
      status: 409,
      body: { code: 'store_not_connected', hint: expect.stringMatching(/connect_store/) },
    })
    const answers = await Promise.all([connect(), connect(), connect()])
    const ids = new Set(answers.map(({ body }) => body.account_id))
    expect([ids.size, ids.has(first)]).toEqual([1, false])
    world.stripe.account.connect.complete(String([...ids][0]))
    await arrive()
    expect((await order()).status).toBe(201)
  })
})

test('test mode at Stripe has a connection of its own, and its orders can be rehearsed without one', async () => {
  const testing = await createStripeWorld({ livemode: false, connect: true })
  try {
    const store = await openStripeShop(testing, true)
    const { testKey, liveKey } = store.opened
    const of = (key: string) => callRest(testing.url, 'GET', '/v1/store/connection', { key })
    expect((await of(testKey)).body).toMatchObject({ status: 'not_connected', is_test: true })
    expect((await of(liveKey)).body).toMatchObject({ status: 'not_needed', can_sell: false })
    const made = await callRest(testing.url, 'POST', '/v1/orders', { key: testKey, body: { amount_cents: 900 } })
    expect((await fetch(String(made.body.checkout_url))).status).toBe(409)
    const path = `/v1/orders/${made.body.id}/pay_test`
    expect((await callRest(testing.url, 'POST', path, { key: testKey, body: {} })).body.state).toBe('paid')
    const account = await connectShop(testing, store)
    const { checkout, page } = await store.begin()
    testing.stripe.account.confirm(page)
    await testing.stripe.webhooks.drain()
    await runJobs(store.deps)
    expect(await store.stateOf(checkout.order.sessionId)).toBe('paid')
    expect(testing.stripe.account.connect.balanceOf(account, 'usd')).toBe(1_900)
  } finally {
    await testing.close()
  }
})
