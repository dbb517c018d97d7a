import { describe } from 'vitest'
import { createStripeGateway } from '../../../server/gateways/stripe/gateway'
import { systemClock } from '../../../server/kernel/clock'
import { redirectGatewayContract } from '../../gateways/contract'
import { payAtStripe, stripeItself } from '../../support/stripe/buyer'

/*
 * The same contract, against Stripe itself: `STRIPE_TEST_KEY=sk_test_… npm test -- stripe-itself`, which plays the scenarios of
 * test/gateways/stripe-scenarios.ts too. Everything is made in the test mode of the account that the key is of; no money moves. Nobody
 * has run it yet.
 */
const { apiBase, secretKey } = stripeItself()

describe.skipIf(secretKey === '')('stripe itself', { timeout: 60_000 }, () => {
  redirectGatewayContract(async () => ({
    gateway: createStripeGateway(systemClock, { secretKey, webhookSecret: undefined, apiBase }),
    split: null,
    now: systemClock.now,
    pays: (page) => payAtStripe({ apiBase, secretKey }, page, 1_900),
    // Stripe's test banks take their time.
    delayed: null,
  }))
})
