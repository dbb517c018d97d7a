import type { TestCard } from '../../ports/gateway'

/** The seven test cards of document D. Their last four digits differ, so that these alone say which card it was. */
export const TEST_CARDS: readonly TestCard[] = [
  { number: '4000000000000002', brand: 'visa', label: 'Visa, succeeds', outcome: 'success', declineCode: null },
  {
    number: '4000000000001091',
    brand: 'visa',
    label: 'Visa, succeeds with 3-D Secure',
    outcome: 'success_3ds',
    declineCode: null,
  },
  {
    number: '5200000000000007',
    brand: 'mastercard',
    label: 'Mastercard, succeeds',
    outcome: 'success',
    declineCode: null,
  },
  {
    number: '5200000000001096',
    brand: 'mastercard',
    label: 'Mastercard, succeeds with 3-D Secure',
    outcome: 'success_3ds',
    declineCode: null,
  },
  {
    number: '4000000000000069',
    brand: 'visa',
    label: 'Visa, declined (expired)',
    outcome: 'declined',
    declineCode: 'expired_card',
  },
  {
    number: '4000000000000119',
    brand: 'visa',
    label: 'Visa, declined (insufficient funds)',
    outcome: 'declined',
    declineCode: 'insufficient_funds',
  },
  {
    number: '4000000000000259',
    brand: 'visa',
    label: 'Visa, 3-D Secure authentication fails',
    outcome: 'failed_3ds',
    declineCode: 'authentication_failed',
  },
]
