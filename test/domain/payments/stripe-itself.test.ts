import { describe } from 'vitest'
import { stripeScenarios } from '../../gateways/stripe-scenarios'
import { runningClock } from '../../support/clock'
import { stripeItself } from '../../support/stripe/buyer'
import { startStripe } from '../../support/stripe/server'
import { setStage } from '../../support/stripe/stage'

/*
 * `STRIPE_TEST_KEY=sk_test_… npm test -- stripe-itself` plays the scenarios with Stripe itself, in the test mode of the account that the
 * key is of; no money moves. Nobody has run it yet: what is always run is the same with the stand-in.
 */
const itself = stripeItself()

describe('the stand-in', () => {
  stripeScenarios(async () => {
    const clock = runningClock()
    const stripe = await startStripe({ clock })
    const stage = await setStage({ apiBase: stripe.url, secretKey: stripe.secretKey }, clock)
    const close = async () => {
      await stage.close()
      await stripe.close()
    }
    return { ...stage, close }
  })
})

describe.skipIf(itself.secretKey === '')('stripe itself', () => {
  stripeScenarios(() => setStage(itself))
})
