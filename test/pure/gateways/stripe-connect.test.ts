import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStripeGateway } from '../../../server/gateways/stripe/gateway'
import { DAY_MS } from '../../../server/kernel/clock'
import { newRowId } from '../../../server/kernel/ids'
import type { RedirectGateway } from '../../../server/ports/gateway'
import type { NewAccount, Platform, Split } from '../../../server/ports/platform'
import { pageOf, redirectGatewayContract } from '../../gateways/contract'
import { type ManualClock, manualClock } from '../../support/clock'
import type { Rounding } from '../../support/stripe/connect'
import { type FakeStripe, startStripe, type Trouble } from '../../support/stripe/server'

let clock: ManualClock
let stripe: FakeStripe
let gateway: RedirectGateway
let platform: Platform
let split: Split
beforeEach(async () => {
  clock = manualClock()
  stripe = await startStripe({ clock })
  const { secretKey, webhookSecret, connectSecret, url: apiBase } = stripe
  const connect = { webhookSecret: connectSecret }
  gateway = createStripeGateway(clock, { secretKey, webhookSecret, apiBase, connect })
  if (!gateway.platform) throw new Error('it is a platform')
  platform = gateway.platform
  const { id } = stripe.account.connect.openAccount({ metadata: {} })
  stripe.account.connect.complete(id)
  split = { account: id, feeMinor: 95n }
})
afterEach(() => stripe.close())

function afflict(trouble: Trouble, path: RegExp, times = 1): void {
  let left = times
  stripe.trouble = (request) => (path.test(request.path) && left-- > 0 ? trouble : undefined)
}

/** What the platform and the store have of all charges, without what Stripe keeps. */
function balances() {
  const { balanceOf } = stripe.account.connect
  const stripeFees = [...stripe.account.charges.values()].reduce(
    (sum, one) => sum + Math.round(one.amount * 0.029) + 30,
    0,
  )
  return { platform: balanceOf('', 'usd') + stripeFees, store: balanceOf(split.account, 'usd') }
}

async function paid(feeMinor = 95n) {
  const request = pageOf(clock.now(), newRowId(1n), { ...split, feeMinor })
  const { page } = await gateway.begin(request)
  const { id } = stripe.account.confirm(page)
  return { attemptId: request.attemptId, chargeReference: id, currency: 'usd', split: { ...split, feeMinor } }
}

describe('stripe, of a platform', () => {
  redirectGatewayContract(async () => ({
    ...{ gateway, split },
    now: clock.now,
    pays: async (page) => void stripe.account.confirm(page),
    delayed: {
      pays: async (page) => void stripe.account.confirm(page, 'delayed'),
      settles: async (page, isPaid) => stripe.account.settle(page, isPaid),
    },
  }))

  test('a charge goes to the store’s account, and the fee to the platform', async () => {
    await paid()
    expect(balances()).toEqual({ platform: 95, store: 1_805 })
    const [charge] = stripe.account.charges.values()
    const intent = stripe.account.intents.get(charge?.payment_intent ?? '')
    expect(intent).toMatchObject({ on_behalf_of: split.account, application_fee_amount: 95 })
  })

  test('a charge without a fee leaves all to the store, and can be refunded', async () => {
    const { chargeReference, split: none } = await paid(0n)
    expect(balances()).toEqual({ platform: 0, store: 1_900 })
    const request = { refundId: newRowId(1n), chargeReference, amountMinor: 1_900n, currency: 'usd', split: none }
    expect(await gateway.refund(request)).toMatchObject({ status: 'succeeded' })
    expect(balances()).toEqual({ platform: 0, store: 0 })
  })

  test('a refund takes its part from both, in proportion', async () => {
    const { chargeReference } = await paid()
    const refund = (amountMinor: bigint) =>
      gateway.refund({ refundId: newRowId(1n), chargeReference, amountMinor, currency: 'usd', split })
    await refund(1_000n)
    expect(balances()).toEqual({ platform: 45, store: 855 })
    await refund(900n)
    expect(balances()).toEqual({ platform: 0, store: 0 })
  })

  test('a refund that an ended account can’t pay has failed, and nothing moved', async () => {
    const { chargeReference } = await paid()
    stripe.account.connect.deauthorize(split.account)
    const request = { refundId: newRowId(1n), chargeReference, amountMinor: 1_000n, currency: 'usd', split }
    expect(await gateway.refund(request)).toEqual({ status: 'failed', reference: '' })
    expect(balances()).toEqual({ platform: 95, store: 1_805 })
  })
})

describe('what each should have of a charge', () => {
  test('is settled from wherever it is, once, and then moves nothing', async () => {
    const { split: _, ...charge } = await paid()
    const settle = (shareMinor: bigint, feeMinor: bigint) =>
      platform.settleShare({ ...charge, account: split.account, shareMinor, feeMinor })
    // A dispute over all of it, which is won; then one over a part.
    for (const [share, fee] of [
      [0n, 0n],
      [1_805n, 95n],
      [855n, 45n],
      [1_805n, 95n],
      [0n, 0n],
    ] as const) {
      await Promise.allSettled([settle(share, fee), settle(share, fee), settle(share, fee)])
      expect(balances().store).toBe(Number(share))
      const moves = stripe.requests.filter(({ method }) => method === 'POST').length
      await settle(share, fee)
      expect(stripe.requests.filter(({ method }) => method === 'POST')).toHaveLength(moves)
    }
  })

  test.each(['cut_before', 'cut_after', 'busy', 'broken'] as const)(
    'is moved once when an answer is lost (%s)',
    async (trouble) => {
      const { split: _, ...charge } = await paid()
      for (const path of [/refunds$/, /reversals$/]) {
        afflict(trouble, path)
        await platform.settleShare({ ...charge, account: split.account, shareMinor: 0n, feeMinor: 0n })
        expect(balances().store).toBe(0)
      }
      afflict(trouble, /transfers$/)
      await platform.settleShare({ ...charge, account: split.account, shareMinor: 1_805n, feeMinor: 95n })
      expect(balances().store).toBe(1_805)
    },
    30_000,
  )

  test('is right to the cent however Stripe rounds the fee of a refund', async () => {
    const money = fc.record({
      fee: fc.integer({ min: 0, max: 1_900 }),
      refund: fc.integer({ min: 1, max: 1_900 }),
      rounding: fc.constantFrom<Rounding>('down', 'up', 'nearest'),
    })
    await fc.assert(
      fc.asyncProperty(money, async ({ fee, refund, rounding }) => {
        stripe.account.connect.settings.feeRounding = rounding
        const before = balances()
        const { split: divided, ...charge } = await paid(BigInt(fee))
        const request = { refundId: newRowId(1n), ...charge, amountMinor: BigInt(refund), split: divided }
        await gateway.refund(request)
        const feeLeft = fee - Math.round((fee * refund) / 1_900)
        const share = 1_900 - refund - feeLeft
        const left = { shareMinor: BigInt(share), feeMinor: BigInt(feeLeft) }
        await platform.settleShare({ ...charge, account: split.account, ...left })
        expect(balances()).toEqual({ platform: before.platform + feeLeft, store: before.store + share })
      }),
      { numRuns: 40 },
    )
  })
})

describe('an account that settles in another currency', () => {
  const ofStore = () => stripe.account.connect.balanceOf(split.account, 'eur')
  beforeEach(() => void Object.assign(stripe.account.settings, { payout: 'eur', rate: 0.8765 }))

  test('has its part of what Stripe made of the charge, whatever the rate is by then', async () => {
    const { split: _, ...charge } = await paid()
    expect(ofStore()).toBe(Math.round(1_900 * 0.8765) - Math.round(95 * 0.8765))
    const settle = (shareMinor: bigint, feeMinor: bigint) =>
      platform.settleShare({ ...charge, account: split.account, shareMinor, feeMinor })
    await settle(1_805n, 95n)
    expect(ofStore()).toBe(1_582)
    // A dispute takes 10.00 of it, is won, and then all is refunded in the dashboard.
    stripe.account.settings.rate = 0.9
    await settle(855n, 45n)
    expect(ofStore()).toBe(Math.round((1_665 * 900) / 1_900) - Math.round((83 * 45) / 95))
    stripe.account.connect.move('', 'eur', 100_000)
    await settle(1_805n, 95n)
    expect(Math.abs(ofStore() - 1_582)).toBeLessThanOrEqual(1)
    await settle(0n, 0n)
    expect(ofStore()).toBe(0)
  })

  test.each([[1_900n], [700n, 1_200n], [1n, 333n, 777n, 789n]])(
    'gives back its part of refunds of %s',
    async (...parts) => {
      const { chargeReference, split: divided } = await paid()
      for (const amountMinor of parts) {
        const request = { refundId: newRowId(1n), chargeReference, amountMinor, currency: 'usd', split: divided }
        expect(await gateway.refund(request)).toMatchObject({ status: 'succeeded' })
      }
      expect(Math.abs(ofStore())).toBeLessThanOrEqual(parts.length)
    },
  )
})

describe('an account', () => {
  const request = (changes: Partial<NewAccount> = {}): NewAccount => ({
    ...{ key: newRowId(1n), askedAt: clock.now(), store: 'sto_00000001', name: 'Shop', email: 'owner@example.com' },
    ...{ country: null, ...changes },
  })

  test('is opened once for each key, also at the same time, after a lost answer, and when the key is forgotten', async () => {
    const before = stripe.account.connect.accounts.size
    const asked = request()
    afflict('cut_after', /accounts$/)
    const ids = await Promise.all([platform.openAccount(asked), platform.openAccount(asked)])
    clock.advance(3 * DAY_MS)
    expect(new Set([...ids, await platform.openAccount(asked)]).size).toBe(1)
    expect(stripe.account.connect.accounts.size).toBe(before + 1)
  })

  test('in a country that has none is refused with its field, and what the operator lacks is said', async () => {
    await expect(platform.openAccount(request({ country: 'XX' }))).rejects.toMatchObject({
      ...{ code: 'invalid_request', field: 'country' },
    })
    stripe.account.connect.settings.canConnect = false
    await expect(platform.openAccount(request())).rejects.toMatchObject({ code: 'gateway_failed' })
  })

  test('is as Stripe says, and nothing when it is not connected any more', async () => {
    const account = await platform.openAccount(request())
    const { change, complete, deauthorize } = stripe.account.connect
    expect(await platform.findAccount(account)).toMatchObject({ isSubmitted: false, isChargeable: false })
    change(account, { isSubmitted: true, disabledReason: 'under_review', due: ['company.tax_id'] })
    expect(await platform.findAccount(account)).toEqual({
      ...{ isSubmitted: true, isChargeable: false, isPayable: false, requirements: ['company.tax_id'], dueBy: null },
      disabledReason: 'under_review',
    })
    complete(account)
    expect(await platform.findAccount(account)).toMatchObject({ isChargeable: true, isPayable: true, requirements: [] })
    deauthorize(account)
    expect(await platform.findAccount(account)).toBeNull()
  })

  test('is not taken for ended when Stripe refuses our key, or breaks', async () => {
    afflict('broken', /accounts/, 10)
    await expect(platform.findAccount(split.account)).rejects.toThrow()
  })

  test('tells by events of the second endpoint; other events from there are nobody’s', async () => {
    const read = async (event: object, secret: 'own' | 'connect') => {
      const body = JSON.stringify(event)
      const by = secret === 'own' ? stripe.webhookSecret : stripe.connectSecret
      return gateway.readNotice(body, await stripe.webhooks.sign(body, clock.now(), by))
    }
    const [updated] = stripe.webhooks.all
    if (!updated) throw new Error('the account was told of')
    const subject = { kind: 'account', account: split.account }
    expect(await read(updated, 'connect')).toMatchObject({ type: 'account.updated', subject })
    expect(await read({ ...updated, type: 'account.application.deauthorized' }, 'connect')).toMatchObject({ subject })
    const { attemptId } = await paid()
    const session = stripe.webhooks.all.find(({ type }) => type === 'checkout.session.completed')
    expect(await read({ ...session }, 'own')).toMatchObject({ attemptId, subject: { kind: 'page' } })
    expect(await read({ ...session, account: split.account }, 'connect')).toMatchObject({ subject: null })
  })
})
