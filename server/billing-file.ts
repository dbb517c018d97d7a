import { readFileSync } from 'node:fs'
import { type BillingSettings, DEFAULT_BILLING, readBillingSettings } from './kernel/plans'

const ON: ReadonlySet<string> = new Set(['on', 'default', '1', 'true', 'yes'])
const OFF: ReadonlySet<string> = new Set(['off', '0', 'false', 'no'])

/** The value of PAYHOOK_BILLING: anything that is neither on nor off is the name of a file. Throws what `refuse` makes of words. */
export function readBilling(value: string | undefined, refuse: (words: string) => Error): BillingSettings | undefined {
  if (value === undefined || OFF.has(value)) return undefined
  if (ON.has(value)) return DEFAULT_BILLING
  try {
    return readBillingSettings(readFileSync(value, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw refuse(
      `PAYHOOK_BILLING: ${value} can't be used: ${why}. Set it to on for the default plans, or mend the file, and start again.`,
    )
  }
}
