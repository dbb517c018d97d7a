import { invalid } from './refusal'

export type FormValue = string | FormValue[] | { [name: string]: FormValue }
export type Form = { [name: string]: FormValue }

/**
 * `a[b][0][c]=1` as Stripe reads it: brackets nest, indexes make lists, values are texts. Throws Stripe's refusal for what isn't such a
 * form, or says one thing twice.
 */
export function parseForm(text: string): Form {
  const root: Form = {}
  for (const [name, value] of new URLSearchParams(text)) put(root, namesOf(name), value, name)
  return listsOf(root) as Form
}

function namesOf(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name)
  if (!match?.[1]) throw invalid(`Invalid parameter name: ${name}`)
  return [match[1], ...[...(match[2] ?? '').matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '')]
}

function put(into: Form, [first = '', ...rest]: string[], value: string, whole: string): void {
  // `expand[]=a&expand[]=b`: the next index.
  const name = first === '' ? String(Object.keys(into).length) : first
  const present = into[name]
  if (rest.length === 0) {
    if (present !== undefined) throw invalid(`Duplicate parameter: ${whole}`, { param: whole })
    into[name] = value
    return
  }
  const next = present ?? {}
  if (typeof next !== 'object' || Array.isArray(next)) throw invalid(`Invalid hash: ${whole}`, { param: whole })
  into[name] = next
  put(next, rest, value, whole)
}

function listsOf(value: FormValue): FormValue {
  if (typeof value === 'string' || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, listsOf(inner)] as const)
  const isList = entries.length > 0 && entries.every(([name], index) => name === String(index))
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}
