import type { Account } from './account'
import { invalid } from './refusal'

/** `expand[]=payment_intent.latest_charge`: objects in place of their ids. A path that leads nowhere is refused, as by Stripe. */
export function expandAll(account: Account, object: object, paths: readonly string[] = []): object {
  const copy = structuredClone(object)
  for (const path of paths) expand(account, copy as Record<string, unknown>, path.split('.'), path)
  return copy
}

function expand(account: Account, object: Record<string, unknown>, [name = '', ...rest]: string[], path: string): void {
  const value = object[name]
  if (value === null) return
  const found = typeof value === 'string' ? structuredClone(account.find(value)) : value
  if (typeof found !== 'object' || found === null)
    throw invalid(`This property cannot be expanded (${path}).`, { param: 'expand' })
  object[name] = found
  if (rest.length > 0) expand(account, found as Record<string, unknown>, rest, path)
}
