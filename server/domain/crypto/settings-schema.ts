import * as z from 'zod'
import { NETWORK_FACTS, NETWORKS, type NetworkName } from '../../kernel/networks'

/** Document B's, and what it leaves open. */
export const DEFAULTS = {
  expiryMinutes: 30,
  graceMinutes: 60,
  underpaymentBasisPoints: 0,
  overpaymentBasisPoints: 0,
} as const

/** A day: an address is locked for as long as a payment waits. */
const MOST_MINUTES = 1_440
const LEAST_MINUTES = 5
/** What is missing of a payment is a gift. */
const MOST_MISSING = 1_000
const WHOLE = 10_000
/** A rehearsal's chain keeps a journal of a thousand blocks. */
const MOST_CONFIRMATIONS = 500

const between = (least: number, most: number) =>
  z.int('must be a whole number').min(least, `must be at least ${least}`).max(most, `must be at most ${most}`)

const fields = {
  expiry_minutes: between(LEAST_MINUTES, MOST_MINUTES).describe(
    `How long a payment can be paid, by the time of its block: ${DEFAULTS.expiryMinutes} unless set`,
  ),
  grace_minutes: between(0, MOST_MINUTES).describe(
    `How much longer the rest of a payment that came short may come: ${DEFAULTS.graceMinutes} unless set`,
  ),
  underpayment_tolerance_basis_points: between(0, MOST_MISSING).describe(
    'How much may be missing of a payment that counts as whole: 100 is 1 %; 0 unless set',
  ),
  overpayment_tolerance_basis_points: between(0, WHOLE).describe(
    'How much more may come without payment.overpaid: 100 is 1 %; 0 unless set',
  ),
}

const confirmations = Object.fromEntries(
  NETWORKS.map((network) => [
    network,
    between(1, MOST_CONFIRMATIONS).describe(
      `Blocks until a payment counts, besides the network's own finality: ${NETWORK_FACTS[network].confirmations} unless set`,
    ),
  ]),
) as Record<NetworkName, ReturnType<typeof between>>

export const PaymentSettings = z.object({
  ...fields,
  confirmations: z.object(confirmations),
  is_test: z.boolean().describe('Test payments have settings of their own'),
})
export type PaymentSettings = z.infer<typeof PaymentSettings>

export const PaymentSettingsUpdate = z
  .strictObject({ ...fields, confirmations: z.strictObject(confirmations).partial() })
  .partial()
  .describe('Only what is sent changes')
export type PaymentSettingsUpdate = z.infer<typeof PaymentSettingsUpdate>
