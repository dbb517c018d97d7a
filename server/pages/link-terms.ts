import type * as z from 'zod'
import type { Wishes } from '../domain/orders/service'
import { exponentOf, isCurrency, parseDecimal } from '../kernel/money'
import { amountLimits, HttpUrl, RequiredText } from '../kernel/wire'
import type { LinkProblem } from './texts'

const MAX_CODE = 64

/** What stands in the address of a link or a frame; null where nothing does. */
export type LinkTerms = {
  /** Null: the buyer says how much. */
  amountMinor: bigint | null
  currency: string
  variantId: string | null
  productName: string | null
  couponCode: string | null
  isTest: boolean
  wishes: Pick<Wishes, 'orderReference' | 'successUrl' | 'cancelUrl' | 'webhookUrl'>
}

export type WrongParameter = { parameter: string; problem: LinkProblem }

export type LinkReading = { terms: LinkTerms; problems: WrongParameter[] }

/** Where the amount stands that the buyer entered, so that a link's own can be told from it. */
export const OWN_AMOUNT = 'own_amount'

/**
 * Reads the parameters of document D's links and frames; pure. Others are left alone: campaigns add theirs. An empty one counts as
 * none. The amount is parsed from its text, and is not even looked at beside a variant, whose price holds.
 */
export function readLink(query: URLSearchParams): LinkReading {
  const reader = createReader(query)
  const variantId = reader.text('variant_id', 100)
  const currency = reader.currency()
  const terms: LinkTerms = {
    amountMinor: variantId === null ? reader.amount(currency) : null,
    currency,
    variantId,
    productName: reader.text('product', 200),
    couponCode: reader.text('coupon', MAX_CODE),
    isTest: reader.flag('testMode'),
    wishes: {
      orderReference: reader.text('ref', 200),
      successUrl: reader.url('success_url', 'return_url'),
      cancelUrl: reader.url('cancel_url'),
      webhookUrl: reader.url('webhook_url'),
    },
  }
  return { terms, problems: reader.problems }
}

function createReader(query: URLSearchParams) {
  const problems: WrongParameter[] = []
  const find = (...names: string[]) => {
    for (const parameter of names) {
      const value = query.get(parameter)?.trim()
      if (value) return { parameter, value }
    }
    return undefined
  }
  const checked = (schema: z.ZodType<string>, problem: LinkProblem, ...names: string[]) => {
    const found = find(...names)
    if (!found) return null
    const parsed = schema.safeParse(found.value)
    if (!parsed.success) problems.push({ parameter: found.parameter, problem })
    return parsed.data ?? null
  }
  return {
    problems,
    text: (name: string, max: number) => checked(RequiredText(max), 'text_invalid', name),
    url: (...names: string[]) => checked(HttpUrl, 'url_invalid', ...names),
    flag: (name: string) => {
      const value = find(name)?.value.toLowerCase() ?? 'false'
      if (!/^(true|false|1|0)$/.test(value)) problems.push({ parameter: name, problem: 'flag_invalid' })
      return value === 'true' || value === '1'
    },
    currency: () => {
      const code = find('currency')?.value.toLowerCase() ?? 'usd'
      if (isCurrency(code)) return code
      problems.push({ parameter: 'currency', problem: 'currency_unknown' })
      return 'usd'
    },
    amount: (currency: string) => {
      const found = find('amount')
      if (!found) return null
      const { minor, problem } = readAmount(found.value, currency)
      if (problem) problems.push({ parameter: 'amount', problem })
      return minor
    },
  }
}

export type AmountReading = { minor: bigint; problem: null } | { minor: null; problem: LinkProblem }

/** `49.99`, usd → 4999n. */
export function readAmount(text: string, currency: string): AmountReading {
  const minor = parseDecimal(text, currency)
  if (minor === undefined) return { minor: null, problem: 'amount_invalid' }
  const { min, max } = amountLimits(currency)
  if (minor < min || minor > max) return { minor: null, problem: 'amount_range' }
  return { minor, problem: null }
}

/** What a buyer types for an amount. */
export function readOwnAmount(text: string, currency: string): AmountReading {
  const plain = plainAmount(text, currency)
  return plain === undefined ? { minor: null, problem: 'amount_invalid' } : readAmount(plain, currency)
}

/**
 * As people type it: a comma before one or two digits is a decimal one, and the sign of a currency is left out. `1.250` and
 * `1,250` are a thousand in one country and one in another: nobody's guess, and undefined.
 */
export function plainAmount(text: string, currency: string): string | undefined {
  const plain = text.replace(/[\s\p{Sc}]/gu, '')
  if (exponentOf(currency) < 3 && /[.,]\d{3}$/.test(plain)) return undefined
  return /^\d+,\d{1,2}$/.test(plain) ? plain.replace(',', '.') : plain
}
