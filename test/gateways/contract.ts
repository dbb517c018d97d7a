import { expect, test } from 'vitest'
import { addMs, HOUR_MS } from '../../server/kernel/clock'
import { newRowId } from '../../server/kernel/ids'
import type {
  Card,
  CardGateway,
  ChargeOutcome,
  ChargeRequest,
  Gateway,
  PageRequest,
  RedirectGateway,
} from '../../server/ports/gateway'
import type { Split } from '../../server/ports/platform'

/** A charge of $19.00 that went through. */
export type PaidGateway = { gateway: Gateway; reference: string; split: Split | null }

/** What the domain relies on, whatever the gateway. */
export function gatewayContract(pay: () => Promise<PaidGateway>): void {
  const refundOf = ({ reference, split }: PaidGateway, amountMinor: bigint) => {
    return { refundId: newRowId(1n), chargeReference: reference, amountMinor, currency: 'usd', split }
  }

  test('a refund that is sent twice with one id is one refund', async () => {
    const paid = await pay()
    const { gateway } = paid
    const request = refundOf(paid, 1_000n)
    const first = await gateway.refund(request)
    expect(first.status).toBe('succeeded')
    expect(await gateway.refund(request)).toEqual(first)
    expect(await Promise.all([gateway.refund(request), gateway.refund(request)])).toEqual([first, first])
  })

  test('two refunds of a part each are two', async () => {
    const paid = await pay()
    const { gateway } = paid
    const [one, other] = [refundOf(paid, 900n), refundOf(paid, 1_000n)]
    const answers = [await gateway.refund(one), await gateway.refund(other)]
    expect(answers.map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
    expect(answers[0]?.reference).not.toBe(answers[1]?.reference)
  })

  test('what can be charged in usd begins at 50 cents and goes in single cents', async () => {
    const { gateway } = await pay()
    expect(gateway.limits('usd')).toEqual({ least: 50n, most: 99_999_999n, step: 1n })
  })
}

/** What a gateway that takes cards hands over: cards by what they do, and whether it can be asked later. */
export type CardGatewayUnderTest = {
  gateway: CardGateway
  cards: { succeeds: Card; asks: Card; declined: Card; failsAuthentication: Card }
  /** False for a gateway that keeps nothing: `find` then never knows. */
  remembers: boolean
}

export function chargeOf(card: Card, attemptId = newRowId(1n)): ChargeRequest {
  return { attemptId, amountMinor: 1_900n, currency: 'usd', description: 'Kit', card }
}

/** What the domain relies on where a card is entered on our own page. */
export function cardGatewayContract(make: () => Promise<CardGatewayUnderTest> | CardGatewayUnderTest): void {
  gatewayContract(async () => {
    const { gateway, cards } = await make()
    return { gateway, reference: (await gateway.charge(chargeOf(cards.succeeds))).reference, split: null }
  })

  test('a good card is charged, and its brand and last four digits come back', async () => {
    const { gateway, cards } = await make()
    const outcome = await gateway.charge(chargeOf(cards.succeeds))
    expect(outcome).toMatchObject({ status: 'succeeded', card: { last4: cards.succeeds.number.slice(-4) } })
    expect(outcome.reference).not.toBe('')
  })

  test('a charge that is sent twice with one attempt id is one charge', async () => {
    const { gateway, cards } = await make()
    const request = chargeOf(cards.succeeds)
    const answers = await Promise.all([gateway.charge(request), gateway.charge(request)])
    expect(answers[0]).toEqual(answers[1])
  })

  test('a bad card is declined with a code', async () => {
    const { gateway, cards } = await make()
    const outcome = await gateway.charge(chargeOf(cards.declined))
    expect(outcome.status).toBe('declined')
  })

  test.each([
    ['an approved authentication charges the card', true, 'succeeded'],
    ['a refused authentication declines it', false, 'declined'],
  ] as const)('%s', async (_name, approved, status) => {
    const { gateway, cards } = await make()
    const asked = await gateway.charge(chargeOf(cards.asks))
    expect(asked.status).toBe('requires_action')
    expect((await gateway.authenticate(asked.reference, approved)).status).toBe(status)
  })

  test('a card whose authentication fails is declined although the buyer approved', async () => {
    const { gateway, cards } = await make()
    const asked = await gateway.charge(chargeOf(cards.failsAuthentication))
    const outcome = await gateway.authenticate(asked.reference, true)
    expect(outcome).toMatchObject({ status: 'declined', code: 'authentication_failed' })
  })

  test('no answer holds the card number', async () => {
    const { gateway, cards } = await make()
    const outcomes: ChargeOutcome[] = []
    for (const card of Object.values(cards)) outcomes.push(await gateway.charge(chargeOf(card)))
    const text = JSON.stringify(outcomes)
    for (const card of Object.values(cards)) expect(text).not.toContain(card.number)
  })

  test('an attempt that never arrived is unknown', async () => {
    const { gateway } = await make()
    expect(await gateway.find(newRowId(1n))).toBeUndefined()
  })

  test('an attempt that arrived is found with its outcome, where the gateway remembers', async () => {
    const { gateway, cards, remembers } = await make()
    const request = chargeOf(cards.succeeds)
    const outcome = await gateway.charge(request)
    expect(await gateway.find(request.attemptId)).toEqual(remembers ? outcome : undefined)
  })
}

/** What a gateway with a page of its own hands over, and what buyers do there. */
export type RedirectGatewayUnderTest = {
  gateway: RedirectGateway
  /** How a charge is divided, where stores have accounts of their own. */
  split: Split | null
  now(): Date
  pays(page: string): Promise<void>
  /** By a method that takes days, and how its bank decides; null where a test can't decide that. */
  delayed: { pays(page: string): Promise<void>; settles(page: string, isPaid: boolean): Promise<void> } | null
}

export function pageOf(now: Date, attemptId = newRowId(1n), split: Split | null = null): PageRequest {
  return {
    ...{ attemptId, orderNumber: 'PP-2603-AAAAAA', amountMinor: 1_900n, currency: 'usd', description: 'Kit' },
    ...{ email: 'buyer@example.com', createdAt: now, payUntil: addMs(now, HOUR_MS) },
    returnUrl: 'https://shop.example.com/checkout/cs/return',
    cancelUrl: 'https://shop.example.com/checkout/cs',
    split,
  }
}

/** What the domain relies on where the buyer pays on the gateway's page. */
export function redirectGatewayContract(make: () => Promise<RedirectGatewayUnderTest>): void {
  const open = async () => {
    const under = await make()
    return { ...under, outcome: await under.gateway.begin(pageOf(under.now(), newRowId(1n), under.split)) }
  }

  gatewayContract(async () => {
    const { gateway, outcome, pays, split } = await open()
    await pays(outcome.page)
    const paid = await gateway.find(outcome.page)
    return { gateway, reference: paid.status === 'succeeded' ? paid.reference : '', split }
  })

  test('a page that is asked for twice with one attempt id is one page, also at the same time', async () => {
    const { gateway, now, split } = await make()
    const request = pageOf(now(), newRowId(1n), split)
    const [first, second] = await Promise.all([gateway.begin(request), gateway.begin(request)])
    expect(first).toMatchObject({ status: 'requires_action', url: expect.stringMatching(/^https?:/) })
    expect(second).toEqual(first)
    expect(await gateway.begin(request)).toEqual(first)
  })

  test('a paid page says what was paid, by which card, and what the gateway keeps', async () => {
    const { gateway, outcome, pays } = await open()
    expect(await gateway.find(outcome.page)).toEqual(outcome)
    await pays(outcome.page)
    expect(await gateway.find(outcome.page)).toEqual({
      ...{ status: 'succeeded', page: outcome.page, reference: expect.stringMatching(/./), amountMinor: 1_900n },
      card: { brand: 'visa', last4: expect.stringMatching(/^\d{4}$/) },
      fee: { amountMinor: expect.any(BigInt), currency: expect.stringMatching(/^[a-z]{3}$/) },
    })
  })

  test('a closed page can be paid no more, and closing it again changes nothing', async () => {
    const { gateway, outcome, pays } = await open()
    const closed = { status: 'expired', page: outcome.page }
    expect(await gateway.close(outcome.page)).toEqual(closed)
    expect(await gateway.close(outcome.page)).toEqual(closed)
    await expect(pays(outcome.page)).rejects.toThrow()
    expect(await gateway.find(outcome.page)).toEqual(closed)
  })

  test('closing a page that was paid meanwhile answers the payment', async () => {
    const { gateway, outcome, pays } = await open()
    await pays(outcome.page)
    expect(await gateway.close(outcome.page)).toMatchObject({ status: 'succeeded', amountMinor: 1_900n })
  })

  test.for([
    ['comes', true, 'succeeded'],
    ['does not come', false, 'declined'],
  ] as const)('money that takes days and %s', async ([, isPaid, status], { skip }) => {
    const { gateway, outcome, delayed } = await open()
    if (!delayed) return skip()
    await delayed.pays(outcome.page)
    expect(await gateway.find(outcome.page)).toMatchObject({ status: 'settling' })
    expect(await gateway.close(outcome.page)).toMatchObject({ status: 'settling' })
    await delayed.settles(outcome.page, isPaid)
    expect(await gateway.find(outcome.page)).toMatchObject({ status })
  })

  test('refunds are found with the attempt of their charge, ours by their ids', async () => {
    const { gateway, now, pays, split } = await make()
    const request = pageOf(now(), newRowId(1n), split)
    const { page } = await gateway.begin(request)
    await pays(page)
    const paid = await gateway.find(page)
    const reference = paid.status === 'succeeded' ? paid.reference : ''
    const refundId = newRowId(1n)
    const made = await gateway.refund({
      refundId,
      chargeReference: reference,
      amountMinor: 700n,
      currency: 'usd',
      split,
    })
    expect(await gateway.refundsOf(reference)).toEqual({
      attemptId: request.attemptId,
      refunds: [{ reference: made.reference, refundId, amountMinor: 700n, status: 'succeeded' }],
    })
  })
}
