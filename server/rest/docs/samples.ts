/** The code that the guides show. test/rest/docs.test.ts runs what can be run. */

export const signUp = (publicUrl: string) => `curl "${publicUrl}/v1/stores" \\
  -H "Content-Type: application/json" \\
  -d '{"name":"My shop","email":"owner@example.com"}'`

export const restSample = (publicUrl: string) => `export PAYHOOK_API_KEY=sk_test_…

curl "${publicUrl}/v1/products" \\
  -H "Authorization: Bearer $PAYHOOK_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"name":"Template pack","price_cents":1900,"currency":"usd"}'`

export const connectSample = (publicUrl: string) => `curl "${publicUrl}/v1/store/connection" \\
  -H "Authorization: Bearer $PAYHOOK_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"country":"DE"}'`

export const mcpConfig = (publicUrl: string) =>
  JSON.stringify(
    {
      mcpServers: {
        payhook: { type: 'http', url: `${publicUrl}/mcp`, headers: { Authorization: 'Bearer sk_test_…' } },
      },
    },
    null,
    2,
  )

export const trpcSample = (publicUrl: string) => `import { createTRPCClient, httpBatchLink } from '@trpc/client'
import type { AppRouter } from './server/router' // of a checkout of Payhook

const payhook = createTRPCClient<AppRouter>({
  links: [
    httpBatchLink({
      url: '${publicUrl}/trpc',
      headers: { Authorization: \`Bearer \${process.env.PAYHOOK_API_KEY}\` },
    }),
  ],
})

const product = await payhook.products.create.mutate({ name: 'Template pack', price_cents: 1900 })
console.log(product.checkout_url)`

export const EVENT = `{
  "event": "sale.completed",
  "created_at": "2026-03-02T09:00:00.000Z",
  "data": {
    "purchase_id": "…",
    "product_id": "…",
    "buyer_email": "buyer@example.com",
    "amount_cents": 1900,
    "currency": "usd",
    "stripe_session_id": "cs_live_…"
  }
}`
