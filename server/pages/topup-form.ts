import { parseDecimal } from '../kernel/money'
import { NETWORKS, type NetworkName } from '../kernel/networks'
import { plainAmount } from './link-terms'
import type { Texts } from './texts'

/** What stands in the form of `/topup`; the words of what is wrong are made with the page's language. */

export type TopupField = 'key' | 'amount' | 'network'

export type TopupProblem = { field: TopupField; words: string }

export type TopupWish = { apiKey: string; cents: number; network: NetworkName }

export type Limits = { leastCents: bigint; mostCents: bigint; locale: string }

/** What may go back into the page: never the key. */
export type Refilled = { amount: string; network: string }

export const LONGEST_AMOUNT = 20

/** A key that was pasted into the wrong field is no amount, and isn't shown either. */
export function refillTopup(fields: URLSearchParams): Refilled {
  const amount = fields.get('amount') ?? ''
  return { amount: amount.length > LONGEST_AMOUNT ? '' : amount, network: fields.get('network') ?? '' }
}

/** Longer than any key of ours, so that what was pasted by mistake is not looked up. */
const LONGEST_KEY = 200

export type TopupReading = { wish: TopupWish; problems: [] } | { wish: null; problems: TopupProblem[] }

export function readTopup(fields: URLSearchParams, texts: Texts['topup'], limits: Limits): TopupReading {
  const { problems: words } = texts
  const problems: TopupProblem[] = []
  const text = (name: string) => fields.get(name)?.trim() ?? ''
  const apiKey = text('key')
  if (apiKey === '') problems.push({ field: 'key', words: words.key_missing })
  else if (apiKey.length > LONGEST_KEY) problems.push({ field: 'key', words: words.key_unknown })
  const amount = readCents(text('amount'), words, limits)
  if (typeof amount === 'string') problems.push({ field: 'amount', words: amount })
  const network = NETWORKS.find((one) => one === text('network'))
  if (!network) problems.push({ field: 'network', words: words.network_missing })
  if (problems.length > 0 || typeof amount === 'string' || !network) return { wish: null, problems }
  return { wish: { apiKey, cents: amount, network }, problems: [] }
}

/** Cents, or why they are none. */
function readCents(text: string, words: Texts['topup']['problems'], limits: Limits): number | string {
  if (text === '') return words.amount_missing
  const { leastCents, mostCents, locale } = limits
  const cents = parseDecimal(plainAmount(text, 'usd') ?? '', 'usd')
  if (cents === undefined) return words.amount_invalid
  if (cents >= leastCents && cents <= mostCents) return Number(cents)
  return words.amount_range(shownCents(leastCents, locale), shownCents(mostCents, locale))
}

/** `5000n` → `50.00`, as the locale writes it. */
export function shownCents(cents: bigint, locale: string): string {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 }
  return new Intl.NumberFormat(locale, digits).format(Number(cents) / 100)
}
