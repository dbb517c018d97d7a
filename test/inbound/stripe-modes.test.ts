import { eq } from 'drizzle-orm'
import Stripe from 'stripe'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatewayNotices } from '../../server/domain/notices/table'
import { newRowId } from '../../server/kernel/ids'
import { createWorld, type World } from '../support/world'

const SECRETS = { live: 'whsec_of_live_mode', test: 'whsec_of_test_mode', stranger: 'whsec_of_nobody_here' }

let world: World
beforeAll(async () => {
  world = await createWorld({
    ...{ STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: SECRETS.live },
    ...{ STRIPE_TEST_SECRET_KEY: 'sk_test_1', STRIPE_TEST_WEBHOOK_SECRET: SECRETS.test },
  })
})
afterAll(() => world.close())

async function tell(secret: string, livemode: boolean) {
  const id = `evt_${newRowId(1n)}`
  const object = { id: 'cs_1', object: 'checkout.session', metadata: { payhook_attempt: newRowId(1n) } }
  const payload = JSON.stringify({ id, object: 'event', type: 'checkout.session.expired', livemode, data: { object } })
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    ...{ payload, secret, timestamp: Math.floor(world.clock.now().getTime() / 1_000), scheme: 'v1', signature: '' },
    cryptoProvider: Stripe.createSubtleCryptoProvider(),
  })
  const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature }
  const { status } = await fetch(`${world.url}/webhooks/stripe`, { method: 'POST', headers, body: payload })
  const kept = await world.deps.db.select().from(gatewayNotices).where(eq(gatewayNotices.id, id))
  return { status, modes: kept.map(({ isTest }) => isTest) }
}

test('with keys of both modes, the signature says which one a notice is of, whatever the notice says itself', async () => {
  const { live, test: ofTest } = world.deps.gateways
  expect([live?.name, ofTest.name]).toEqual(['stripe', 'stripe'])
  for (const livemode of [true, false]) {
    expect(await tell(SECRETS.live, livemode)).toEqual({ status: 200, modes: [false] })
    expect(await tell(SECRETS.test, livemode)).toEqual({ status: 200, modes: [true] })
    expect(await tell(SECRETS.stranger, livemode)).toEqual({ status: 400, modes: [] })
  }
})
