import type { Operation } from '../operations'
import { onlyKnown, queryCoercion, type RestRequest, type Route, type Surface } from './adapter'

/** Document A: products and revenue. Its errors are `{"error": string}`. */
export function payhookSurface(operations: Operation[]): Surface {
  const routes = TABLE.map(([method, path, name, status, extra]) => {
    const operation = operations.find((candidate) => candidate.path === name)
    if (!operation) throw new Error(`${path} needs the operation ${name}`)
    return toRoute(method, path, operation, status, extra)
  })
  return { name: 'A', routes, toErrorBody: (error) => ({ error: error.message }) }
}

type Extra = Partial<Pick<Route, 'toBody' | 'joinPages'>>
type Line = readonly [method: string, path: string, operation: string, status: number, extra: Extra]

const product = (output: unknown) => ({ product: output })
const archived = () => ({ ok: true, message: 'Product archived' })

/** Document A lists everything; who asks for a page gets pages. */
const allUnlessPaged = ({ query }: RestRequest) =>
  query.limit === undefined && query.cursor === undefined ? 'products' : undefined
const productList = (output: unknown) => {
  const { products, next_cursor } = output as { products: unknown[]; next_cursor: string | null }
  return next_cursor === null ? { products } : { products, next_cursor }
}

const TABLE: readonly Line[] = [
  ['GET', '/api/v1/products', 'products.list', 200, { toBody: productList, joinPages: allUnlessPaged }],
  ['POST', '/api/v1/products', 'products.create', 201, { toBody: product }],
  ['GET', '/api/v1/products/{id}', 'products.get', 200, { toBody: product }],
  ['PATCH', '/api/v1/products/{id}', 'products.update', 200, { toBody: product }],
  ['DELETE', '/api/v1/products/{id}', 'products.archive', 200, { toBody: archived }],
  ['GET', '/api/v1/revenue', 'revenue.get', 200, {}],
  ['GET', '/api/public/stats', 'stats.get', 200, {}],
]

function toRoute(method: string, path: string, operation: Operation, status: number, extra: Extra): Route {
  const coerce = queryCoercion(operation.input)
  return {
    method,
    path,
    operation,
    status,
    toInput: ({ params, query, body }) => onlyKnown(operation, { ...body, ...coerce(query), ...params }),
    toBody: (output) => output,
    ...extra,
  }
}
