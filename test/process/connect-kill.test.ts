import { expect, inject, test } from 'vitest'
import { systemClock } from '../../server/kernel/clock'
import { callRest } from '../support/calls'
import { eventually, printedKeys } from '../support/server'
import { startStripe } from '../support/stripe/server'
import { newPlace, start } from './places'

// What is tried is what Stripe and one row say; the databases don't differ in it.
test.runIf(inject('databaseKind') === 'pglite')(
  'connect_store, killed between Stripe’s account and our note of it, finds the same account after a restart',
  async (finishing) => {
    const stripe = await startStripe({ clock: systemClock, livemode: true })
    finishing.onTestFinished(() => stripe.close())
    const environment = {
      ...(await newPlace(finishing)),
      ...{ STRIPE_SECRET_KEY: stripe.secretKey, STRIPE_API_BASE: stripe.url, STRIPE_CONNECT: 'true' },
    }
    const { accounts } = stripe.account.connect
    stripe.trouble = ({ method, path }) => (`${method} ${path}` === 'POST /v1/accounts' ? 'silent_after' : undefined)
    const first = await start(finishing, environment)
    const { live: key } = printedKeys(first)
    const connect = (url: string) => callRest(url, 'POST', '/v1/store/connection', { key, body: {} })
    const lost = Promise.allSettled([connect(first.url), connect(first.url)])
    await eventually('an account at Stripe', () => (accounts.size > 0 ? true : undefined))
    await first.end('SIGKILL')
    await lost

    stripe.trouble = () => undefined
    const second = await start(finishing, environment)
    const status = await callRest(second.url, 'GET', '/v1/store/connection', { key })
    expect(status.body).toMatchObject({ status: 'not_connected', account_id: null })
    const answers = await Promise.all([connect(second.url), connect(second.url), connect(second.url)])
    expect(answers.map(({ status: code }) => code)).toEqual([200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.account_id))).toEqual(new Set(accounts.keys()))
    expect(accounts.size).toBe(1)
  },
)
