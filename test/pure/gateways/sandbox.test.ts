import { describe, expect, test } from 'vitest'
import { createSandboxGateway } from '../../../server/gateways/sandbox/gateway'
import { cardGatewayContract, chargeOf } from '../../gateways/contract'
import { createBank } from '../../support/bank'
import { CARDS, testCard } from '../../support/cards'
import { manualClock } from '../../support/clock'

const cards = {
  succeeds: CARDS.succeeds,
  asks: CARDS.succeedsWith3ds,
  declined: CARDS.insufficientFunds,
  failsAuthentication: CARDS.fails3ds,
}

describe('sandbox', () => {
  const gateway = createSandboxGateway(manualClock())
  cardGatewayContract(() => ({ gateway, cards, remembers: false }))

  test.each([
    ['4000000000000002', 'visa', 'succeeded'],
    ['4000000000001091', 'visa', 'requires_action'],
    ['5200000000000007', 'mastercard', 'succeeded'],
    ['5200000000001096', 'mastercard', 'requires_action'],
    ['4000000000000069', 'visa', 'expired_card'],
    ['4000000000000119', 'visa', 'insufficient_funds'],
    ['4000000000000259', 'visa', 'requires_action'],
  ])('%s (%s) does what document D says: %s', async (number, brand, result) => {
    const outcome = await gateway.charge(chargeOf(testCard(number)))
    expect(outcome.status === 'declined' ? outcome.code : outcome.status).toBe(result)
    expect(outcome.card).toEqual({ brand, last4: number.slice(-4) })
  })

  test('a number that is no test card is declined, and nothing of it is kept', async () => {
    const outcome = await gateway.charge(chargeOf(testCard('4242424242424242')))
    expect(outcome).toMatchObject({ status: 'declined', code: 'not_a_test_card', card: null })
    expect(JSON.stringify(outcome)).not.toContain('4242')
  })

  test('a card is good to the last day of its month', async () => {
    const clock = manualClock(new Date('2026-03-31T23:59:59.999Z'))
    const sandbox = createSandboxGateway(clock)
    const request = chargeOf({ ...CARDS.succeeds, expMonth: 3, expYear: 2026 })
    expect((await sandbox.charge(request)).status).toBe('succeeded')
    clock.advance(1)
    expect(await sandbox.charge(request)).toMatchObject({ status: 'declined', code: 'invalid_expiry' })
  })

  test('an authentication goes on after a restart', async () => {
    const asked = await gateway.charge(chargeOf(CARDS.mastercardWith3ds))
    const restarted = createSandboxGateway(manualClock())
    expect(await restarted.authenticate(asked.reference, true)).toEqual({
      status: 'succeeded',
      reference: asked.reference,
      card: { brand: 'mastercard', last4: '1096' },
    })
  })
})

describe('the bank that the tests use behaves like a gateway', () => {
  cardGatewayContract(() => ({ gateway: createBank(manualClock()), cards, remembers: true }))
})
