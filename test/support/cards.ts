import type { Card } from '../../server/ports/gateway'

/** A test card of document D with details that the sandbox takes. */
export function testCard(number: string): Card {
  return { number, expMonth: 12, expYear: 2030, cvc: '123', name: 'Ada Buyer' }
}

export const CARDS = {
  succeeds: testCard('4000000000000002'),
  succeedsWith3ds: testCard('4000000000001091'),
  mastercard: testCard('5200000000000007'),
  mastercardWith3ds: testCard('5200000000001096'),
  expired: testCard('4000000000000069'),
  insufficientFunds: testCard('4000000000000119'),
  fails3ds: testCard('4000000000000259'),
}
