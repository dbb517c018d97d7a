import { COINS, type Coin, coinFacts, NETWORKS, type NetworkName } from '../kernel/networks'
import { problemOf } from './card-fields'
import { type FieldProblem, monthOf } from './card-form'

/** Who pays in crypto, and in which. */
export type CryptoPayer = { email: string; network: NetworkName; coin: Coin }

type Reading =
  | { purchase: { email: string; payment: CryptoPayer }; problems: [] }
  | { purchase: null; problems: FieldProblem[] }

/** Whether the form that was posted is the one for crypto. */
export function isInCrypto(fields: URLSearchParams): boolean {
  return fields.get('method') === 'crypto'
}

/** Reads the posted form of crypto; pure. Whether the store takes it is asked when it is paid. */
export function readCryptoForm(fields: URLSearchParams, now: Date): Reading {
  const email = fields.get('email')?.trim() ?? ''
  const problem = problemOf('email', email, monthOf(now))
  const chosen = readPayIn(fields.get('pay_in') ?? '')
  if (!problem && chosen) return { purchase: { email, payment: { email, ...chosen } }, problems: [] }
  const problems: FieldProblem[] = problem ? [{ field: 'email', problem }] : []
  return { purchase: null, problems: chosen ? problems : [...problems, { field: 'pay_in', problem: 'pay_in_missing' }] }
}

/** `bsc.usdt`; undefined for a pair that doesn't exist. */
function readPayIn(text: string): Pick<CryptoPayer, 'network' | 'coin'> | undefined {
  const [first, second] = text.split('.')
  const network = NETWORKS.find((one) => one === first)
  const coin = COINS.find((one) => one === second)
  return network && coin && coinFacts(network, coin) ? { network, coin } : undefined
}
