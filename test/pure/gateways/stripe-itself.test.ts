import { describe } from 'vitest'
import { createStripeGateway } from '../../../server/gateways/stripe/gateway'
import { systemClock } from '../../../server/kernel/clock'
import { redirectGatewayContract } from '../../gateways/contract'
import { payAtStripe } from '../../support/stripe/buyer'

/*
 * The same contract, against Stripe itself: `STRIPE_TEST_KEY=sk_test_… npm test -- --project pure test/pure/gateways/stripe-itself.test.ts`.
 * Everything is made in the test mode of the account that the key is of; no money moves. Nobody has run it yet.
 */
const { STRIPE_TEST_KEY: secretKey = '', STRIPE_API_BASE: apiBase = 'https://api.stripe.com' } = process.env

if (secretKey !== '' && !/^[sr]k_test_/.test(secretKey)) throw new Error('STRIPE_TEST_KEY must be a test key of Stripe')

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
