import { expect, test } from 'vitest'
import { newRowId } from '../../server/kernel/ids'
import type { Card, ChargeOutcome, ChargeRequest, Gateway } from '../../server/ports/gateway'

/** What a gateway's suite hands over: cards by what they do, and whether the gateway can be asked later. */
export type GatewayUnderTest = {
  gateway: Gateway
  cards: { succeeds: Card; asks: Card; declined: Card; failsAuthentication: Card }
  /** False for a gateway that keeps nothing: `find` then never knows. */
  remembers: boolean
}

export function chargeOf(card: Card, attemptId = newRowId(1n)): ChargeRequest {
  return { attemptId, amountMinor: 1_900n, currency: 'usd', description: 'Kit', card }
}

/** What the domain relies on, whatever the gateway. */
export function gatewayContract(make: () => Promise<GatewayUnderTest> | GatewayUnderTest): void {
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

  test('a refund that is sent twice with one id is one refund', async () => {
    const { gateway, cards } = await make()
    const { reference } = await gateway.charge(chargeOf(cards.succeeds))
    const request = { refundId: newRowId(1n), chargeReference: reference, amountMinor: 1_000n, currency: 'usd' }
    const first = await gateway.refund(request)
    expect(first.status).toBe('succeeded')
    expect(await gateway.refund(request)).toEqual(first)
  })
}
