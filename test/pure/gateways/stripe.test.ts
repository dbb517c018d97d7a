import * as fc from 'fast-check'
import Stripe from 'stripe'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fromStripeAmount, stripeLimits, toStripeAmount } from '../../../server/gateways/stripe/amounts'
import { createStripeGateway } from '../../../server/gateways/stripe/gateway'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { newRowId } from '../../../server/kernel/ids'
import { CURRENCIES, exponentOf } from '../../../server/kernel/money'
import type { RedirectGateway } from '../../../server/ports/gateway'
import { pageOf, redirectGatewayContract } from '../../gateways/contract'
import { type ManualClock, manualClock } from '../../support/clock'
import { type FakeStripe, startStripe, type Trouble } from '../../support/stripe/server'

let clock: ManualClock
let stripe: FakeStripe
let gateway: RedirectGateway
beforeEach(async () => {
  clock = manualClock()
  stripe = await startStripe({ clock })
  gateway = gatewayAt()
})
afterEach(() => stripe.close())

function gatewayAt(changes: Partial<Parameters<typeof createStripeGateway>[1]> = {}) {
  const { secretKey, webhookSecret, url: apiBase } = stripe
  return createStripeGateway(clock, { secretKey, webhookSecret, apiBase, ...changes })
}

/** The first `times` requests whose path fits go wrong. */
function afflict(trouble: Trouble, path: RegExp, times = 1): void {
  let left = times
  stripe.trouble = (request) => (path.test(request.path) && left-- > 0 ? trouble : undefined)
}

async function paid() {
  const { page } = await gateway.begin(pageOf(clock.now()))
  stripe.account.confirm(page)
  const outcome = await gateway.find(page)
  if (outcome.status !== 'succeeded') throw new Error('it was paid')
  return outcome
}

describe('stripe', () => {
  redirectGatewayContract(async () => ({
    ...{ gateway, split: null },
    now: clock.now,
    pays: async (page) => void stripe.account.confirm(page),
    delayed: {
      pays: async (page) => void stripe.account.confirm(page, 'delayed'),
      settles: async (page, isPaid) => stripe.account.settle(page, isPaid),
    },
  }))

  test('the page is of this order: what, how much, to whom, and until when', async () => {
    const request = pageOf(clock.now())
    const { page } = await gateway.begin(request)
    expect(stripe.account.sessions.get(page)).toMatchObject({
      ...{ mode: 'payment', amount_total: 1_900, currency: 'usd', customer_email: 'buyer@example.com' },
      ...{ client_reference_id: request.orderNumber, success_url: request.returnUrl, cancel_url: request.cancelUrl },
      metadata: { payhook_attempt: request.attemptId, payhook_order: request.orderNumber },
      expires_at: request.payUntil.getTime() / 1_000,
    })
    expect(stripe.requests.map(({ idempotencyKey }) => idempotencyKey)).toEqual([`page ${request.attemptId}`])
  })

  test('a page for the last minutes of a session lives as long as Stripe wants, and is closed by us', async () => {
    const request = { ...pageOf(clock.now()), payUntil: new Date(clock.now().getTime() + MINUTE_MS) }
    const { page } = await gateway.begin(request)
    const lifetime = Number(stripe.account.sessions.get(page)?.expires_at) * 1_000 - clock.now().getTime()
    expect(lifetime).toBeGreaterThan(30 * MINUTE_MS)
    expect(lifetime).toBeLessThan(HOUR_MS)
  })

  test.each(['cut_before', 'cut_after', 'busy', 'broken'] as const)(
    'a page whose first request failed (%s) is asked for again under its key, and is one',
    async (trouble) => {
      afflict(trouble, /sessions/)
      expect(await gateway.begin(pageOf(clock.now()))).toMatchObject({ status: 'requires_action' })
      expect(stripe.account.sessions.size).toBe(1)
      expect(stripe.requests.length).toBeGreaterThan(1)
      expect(new Set(stripe.requests.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1)
    },
  )

  test.each(['cut_before', 'cut_after', 'busy', 'broken'] as const)(
    'a refund whose first request failed (%s) pays back once',
    async (trouble) => {
      const { reference } = await paid()
      afflict(trouble, /^\/v1\/refunds$/)
      const request = {
        refundId: newRowId(1n),
        chargeReference: reference,
        amountMinor: 700n,
        currency: 'usd',
        split: null,
      }
      expect(await gateway.refund(request)).toMatchObject({ status: 'succeeded' })
      expect([...stripe.account.refunds.values()].map(({ amount }) => amount)).toEqual([700])
    },
  )

  describe('while Stripe takes a request and says nothing', () => {
    const impatient = () => gatewayAt({ timeoutMs: 1_500 })

    test.each(['silent', 'silent_after'] as const)(
      '(%s) it is asked again under the same key: one page, one refund',
      async (trouble) => {
        afflict(trouble, /sessions$/)
        const { page } = await impatient().begin(pageOf(clock.now()))
        expect(stripe.account.sessions.size).toBe(1)
        const { id } = stripe.account.confirm(page)
        afflict(trouble, /^\/v1\/refunds$/)
        const request = { refundId: newRowId(1n), chargeReference: id, amountMinor: 700n, currency: 'usd', split: null }
        expect(await impatient().refund(request)).toMatchObject({ status: 'succeeded' })
        expect([...stripe.account.refunds.values()].map(({ amount }) => amount)).toEqual([700])
        const keys = stripe.requests
          .filter(({ method }) => method === 'POST')
          .map(({ idempotencyKey }) => idempotencyKey)
        expect(new Set(keys).size).toBe(2)
      },
    )

    test('and never says anything, the refund is uncertain, and is one when it is asked for again', async () => {
      const { reference } = await paid()
      const request = {
        refundId: newRowId(1n),
        chargeReference: reference,
        amountMinor: 700n,
        currency: 'usd',
        split: null,
      }
      stripe.trouble = ({ method }) => (method === 'POST' ? 'silent_after' : undefined)
      await expect(gatewayAt({ timeoutMs: 300 }).refund(request)).rejects.toThrow()
      stripe.trouble = () => undefined
      expect(await gateway.refund(request)).toMatchObject({ status: 'succeeded' })
      expect(stripe.account.refunds.size).toBe(1)
    })
  })

  test('a refund that is asked for again after Stripe has forgotten its key pays back once', async () => {
    const { reference } = await paid()
    stripe.account.settings.refunds = 'pending'
    const request = {
      refundId: newRowId(1n),
      chargeReference: reference,
      amountMinor: 700n,
      currency: 'usd',
      split: null,
    }
    expect(await gateway.refund(request)).toMatchObject({ status: 'pending' })
    clock.advance(3 * DAY_MS)
    const [made] = stripe.account.refunds.values()
    stripe.account.endRefund(made?.id ?? '', 'succeeded')
    expect(await gateway.refund(request)).toEqual({ status: 'succeeded', reference: made?.id })
    expect(stripe.account.refunds.size).toBe(1)
  })

  test('a refund that Stripe refuses has failed; one that it could not answer is uncertain', async () => {
    const { reference } = await paid()
    const request = { chargeReference: reference, currency: 'usd', split: null }
    expect(await gateway.refund({ ...request, refundId: newRowId(1n), amountMinor: 1_901n })).toEqual({
      status: 'failed',
      reference: '',
    })
    afflict('broken', /refunds/, 10)
    await expect(gateway.refund({ ...request, refundId: newRowId(1n), amountMinor: 100n })).rejects.toThrow()
    stripe.trouble = () => undefined
    const stranger = gatewayAt({ secretKey: 'sk_test_of_somebody_else' })
    await expect(stranger.refund({ ...request, refundId: newRowId(1n), amountMinor: 100n })).rejects.toThrow(/API Key/)
    expect(stripe.account.refunds.size).toBe(0)
  })

  test('a dispute says whose attempt it is about; an inquiry is none', async () => {
    const { reference } = await paid()
    const { id } = stripe.account.openDispute(reference)
    const attemptId = stripe.account.intents.get(reference)?.metadata.payhook_attempt
    expect(await gateway.findDispute(id)).toEqual({
      ...{ id, chargeReference: reference, attemptId, amountMinor: 1_900n, reason: 'fraudulent' },
      ...{ status: 'needs_response', dueBy: new Date(clock.now().getTime() + 7 * DAY_MS) },
      fees: [{ reference: expect.stringMatching(/^txn_/), amountMinor: 1_500n, currency: 'usd' }],
    })
    stripe.account.moveDispute(id, 'lost')
    expect(await gateway.findDispute(id)).toMatchObject({ status: 'lost', dueBy: null })
    stripe.account.moveDispute(id, 'warning_closed')
    expect(await gateway.findDispute(id)).toBeNull()
  })

  test('a notice is believed only with Stripe’s signature of the last five minutes over these very bytes', async () => {
    const { page } = await gateway.begin(pageOf(clock.now()))
    stripe.account.confirm(page)
    const event = stripe.webhooks.all.find(({ type }) => type === 'checkout.session.completed')
    const body = JSON.stringify(event)
    const signature = await stripe.webhooks.sign(body)
    expect(await gateway.readNotice(body, signature)).toMatchObject({ id: event?.id, subject: { kind: 'page', page } })
    const refused = { code: 'invalid_request' }
    await expect(gateway.readNotice(body.replace('1900', '1901'), signature)).rejects.toMatchObject(refused)
    await expect(gateway.readNotice(body, undefined)).rejects.toMatchObject(refused)
    await expect(gatewayAt({ webhookSecret: 'whsec_another' }).readNotice(body, signature)).rejects.toMatchObject(
      refused,
    )
    clock.advance(6 * MINUTE_MS)
    await expect(gateway.readNotice(body, signature)).rejects.toMatchObject(refused)
  })
})

describe('the Stripe that the tests use', () => {
  const client = () => {
    const { hostname: host, port } = new URL(stripe.url)
    return new Stripe(stripe.secretKey, { host, port, protocol: 'http', maxNetworkRetries: 0 })
  }

  test.each([
    ['mode=payment&line_items[0][quantity]=1&colour=red', 'parameter_unknown', 'colour'],
    ['mode=payment&line_items[0][qty]=1', 'parameter_unknown', 'line_items[0][qty]'],
    ['line_items[0][quantity]=1', 'parameter_missing', 'mode'],
    ['mode=payment&line_items[0][quantity]=1.5', undefined, 'line_items[0][quantity]'],
    ['mode=payment&mode=payment', undefined, 'mode'],
  ])('refuses %s as Stripe does', async (body, code, param) => {
    const headers = {
      Authorization: `Bearer ${stripe.secretKey}`,
      'Stripe-Version': Stripe.API_VERSION,
      'Content-Type': 'application/x-www-form-urlencoded',
    }
    const answer = await fetch(`${stripe.url}/v1/checkout/sessions`, { method: 'POST', headers, body })
    const { error } = (await answer.json()) as { error: Record<string, unknown> }
    expect([answer.status, error.type, error.code]).toEqual([400, 'invalid_request_error', code])
    expect(error.param).toBe(param)
  })

  test('a key with other parameters is refused, and a 500 is remembered for a day', async () => {
    const { reference } = await paid()
    const options = { idempotencyKey: 'one key' }
    const make = (amount: number) => client().refunds.create({ payment_intent: reference, amount }, options)
    const first = await make(100)
    expect((await make(100)).id).toBe(first.id)
    await expect(make(101)).rejects.toBeInstanceOf(Stripe.errors.StripeIdempotencyError)
    clock.advance(DAY_MS)
    expect((await make(100)).id).not.toBe(first.id)
  })
})

describe('amounts at Stripe', () => {
  test.each([
    ['usd', 1_900n, 1_900],
    ['jpy', 500n, 500],
    ['kwd', 5_120n, 5_120],
    ['isk', 500n, 50_000],
    ['twd', 80_045n, 80_045],
    ['mga', 1_200n, 12],
    ['huf', 17_500n, 17_500],
  ])('%s: %s of ours are %s of Stripe’s, and back', (currency, minor, amount) => {
    expect(toStripeAmount(minor, currency)).toBe(amount)
    expect(fromStripeAmount(amount, currency)).toBe(minor)
  })

  test('whatever fits the limits survives the way to Stripe and back; nothing else is charged', () => {
    const chargeable = CURRENCIES.filter((currency) => stripeLimits(currency) !== null)
    expect(chargeable.length).toBeGreaterThan(120)
    fc.assert(
      fc.property(fc.constantFrom(...chargeable), fc.bigInt(1n, 99_999_999n), (currency, any) => {
        const { least, most, step } = stripeLimits(currency) ?? { least: 0n, most: 0n, step: 1n }
        const minor = any - (any % step)
        if (any % step !== 0n) expect(() => toStripeAmount(any, currency)).toThrow(RangeError)
        if (minor < least || minor > most) return
        const amount = toStripeAmount(minor, currency)
        expect(amount).toBeGreaterThan(0)
        if (!/^(inr|cop|idr)$/.test(currency)) expect(amount).toBeLessThanOrEqual(99_999_999)
        expect(fromStripeAmount(amount, currency)).toBe(minor)
        if (exponentOf(currency) === 3) expect(amount % 10).toBe(0)
      }),
    )
  })

  test.each(['irr', 'kpw', 'zzz'])('%s is not charged at all', (currency) => {
    expect(stripeLimits(currency)).toBeNull()
  })
})
