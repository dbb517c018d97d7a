import * as z from 'zod'
import { Product, ProductPage } from '../domain/products/schema'
import type { Operation } from '../operations'
import type { RestRequest, Surface } from './adapter'
import { documentedRoutes, ErrorText, type Extra, type Line } from './documented'

/** Document A: products and revenue. Its errors are `{"error": string}`. */
export function payhookSurface(operations: Operation[]): Surface {
  const routes = documentedRoutes(operations, TABLE)
  const toErrorBody: Surface['toErrorBody'] = (error) => ({ error: error.message })
  return { name: 'A', routes, toErrorBody, errorBody: ErrorText }
}

const product: Extra = { toBody: (output) => ({ product: output }), body: z.object({ product: Product }) }

const archived: Extra = {
  toBody: () => ({ ok: true, message: 'Product archived' }),
  body: z.object({ ok: z.literal(true), message: z.string() }),
}

/** The operation's largest page, so that a list of all takes the fewest queries. */
const LARGEST_PAGE = 1_000
const wantsAll = (sent: Record<string, unknown>) => sent.limit === undefined && sent.cursor === undefined

/** Document A lists everything; who asks for a page gets pages. */
const productList: Extra = {
  joinPages: ({ query }: RestRequest) => (wantsAll(query) ? 'products' : undefined),
  adjust: (input) => (wantsAll(input) ? { ...input, limit: LARGEST_PAGE } : input),
  toBody: (output) => {
    const { products, next_cursor } = output as z.infer<typeof ProductPage>
    return next_cursor === null ? { products } : { products, next_cursor }
  },
  body: ProductPage.extend({
    next_cursor: z.string().optional().describe('Only when limit or cursor was sent and there is more'),
  }),
}

const TABLE: readonly Line[] = [
  ['GET', '/api/v1/products', 'products.list', 200, productList],
  ['POST', '/api/v1/products', 'products.create', 201, product],
  ['GET', '/api/v1/products/{id}', 'products.get', 200, product],
  ['PATCH', '/api/v1/products/{id}', 'products.update', 200, product],
  ['DELETE', '/api/v1/products/{id}', 'products.archive', 200, archived],
  ['GET', '/api/v1/revenue', 'revenue.get', 200, {}],
  ['GET', '/api/public/stats', 'stats.get', 200, {}],
]
