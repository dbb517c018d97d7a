import type * as z from 'zod'
import type { Operation } from '../operations'
import { type Route, type Surface, statusOf } from './adapter'

/** The statuses of the errors that an operation can answer on a REST surface. */
export function errorStatusesOf(surface: Surface, { kind, meta, rest }: Operation): number[] {
  const statuses = [400, 500]
  if (meta.scope !== 'public') statuses.push(401, 403)
  // What a mutation's body names may be unknown too.
  if (rest.params.length > 0 || kind === 'mutation') statuses.push(404)
  if (kind === 'mutation') statuses.push(409, 413, 415, 422)
  if (kind === 'mutation' && meta.scope === 'public') statuses.push(429)
  if (meta.external) statuses.push(402, 502, 503)
  const badInput = statusOf(surface, 'invalid_request')
  return [...new Set(statuses.map((status) => (status === 400 ? badInput : status)))].sort()
}

/**
 * Names for the schemas of answers, from the operations' own names: what `get_product` returns is a `Product`, with a secret in
 * it `ProductWithSecret`, a list `ProductsList`. An envelope of a documented surface is a `GetProductResponse`.
 */
export function schemaNames(
  operations: readonly Operation[],
  entries: readonly { surface: Surface; route: Route }[],
): Map<z.ZodType, string> {
  const names = new Map<z.ZodType, string>()
  const taken = new Set<string>()
  const name = (type: z.ZodType, ...wishes: string[]) => {
    if (names.has(type)) return
    const free = wishes.find((wish) => !taken.has(wish))
    if (!free) throw new Error(`every name is taken: ${wishes.join(', ')}`)
    taken.add(free)
    names.set(type, free)
  }
  for (const operation of [...operations].sort((a, b) => rank(a) - rank(b))) {
    const { tool } = operation.meta
    name(operation.output, nounOf(operation), `${pascal(tool)}Result`)
  }
  for (const { surface, route } of entries) {
    name(surface.errorBody, 'Error', `${pascal(surface.name)}Error`)
    if (!route.body) continue
    const tool = pascal(route.operation.meta.tool)
    name(route.body, `${tool}Response`, `${tool}Response${pascal(surface.name)}`)
  }
  return names
}

/** Who reads a thing knows its plain form best, so that its schema gets the plain name. */
function rank({ meta }: Operation): number {
  if (meta.tool.startsWith('get_')) return 0
  return meta.returnsSecret ? 2 : 1
}

function nounOf({ meta }: Operation): string {
  const [verb, ...noun] = meta.tool.split('_')
  const plain = pascal(noun.join('_'))
  if (meta.returnsSecret) return `${plain}WithSecret`
  return verb === 'list' ? `${plain}List` : plain
}

export function pascal(text: string): string {
  return text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
