import { describe, expect, inject, test } from 'vitest'
import { eventually, printedKeys, type ServerProcess } from '../support/server'
import { type Finishing, newPlace, start } from './places'
import { killWorkerUnderLoad } from './webhook-kill'

const SALES = 20

/** A seller's server that can be switched off: until `open` it refuses every delivery. */
function startReceiver(finishing: Finishing) {
  const state = { open: false, refused: 0 }
  const orders: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const { data } = (await request.json()) as { data: { purchase_id: string } }
      if (!state.open) {
        state.refused++
        return new Response('not now', { status: 503 })
      }
      orders.push(data.purchase_id)
      return new Response('thanks')
    },
  })
  finishing.onTestFinished(() => server.stop(true))
  return { url: `http://127.0.0.1:${server.port}/hook`, state, orders }
}

async function call(server: ServerProcess, key: string, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${server.url}/v1/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const output = (await answer.json()) as Record<string, unknown>
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(output)}`)
  return output
}

async function sell(server: ServerProcess, key: string, item: object): Promise<string> {
  const order = await call(server, key, 'orders', item)
  const { state } = await call(server, key, `orders/${order.id}/pay_test`, {})
  expect(state).toBe('paid')
  return String(order.id)
}

// Most of their time they wait for leases to end, and therefore they run at once.
describe.concurrent('kill -9', () => {
  test(`after ${SALES} sales were acknowledged and before any webhook got through: after a restart all arrive`, async (finishing) => {
    const environment = await newPlace(finishing)
    const receiver = startReceiver(finishing)
    const first = await start(finishing, environment)
    const { test: key } = printedKeys(first)
    await call(first, key, 'webhooks', { url: receiver.url, events: ['sale.completed'] })
    const product = await call(first, key, 'products', { name: 'Kit', price_cents: 1900 })
    const sold = await Promise.all(Array.from({ length: SALES }, () => sell(first, key, { product_id: product.id })))
    await eventually('a refused delivery', () => (receiver.state.refused > 0 ? true : undefined))
    await first.end('SIGKILL')

    receiver.state.open = true
    const second = await start(finishing, environment)
    await eventually(
      'every delivery',
      () => (new Set(receiver.orders).size === SALES ? true : undefined),
      // A delivery that a worker had when it was killed is free again when its lease ends.
      100_000,
    )
    expect([...new Set(receiver.orders)].sort()).toEqual(sold.sort())
    const answer = await fetch(`${second.url}/api/v1/revenue?period=7d`, {
      headers: { Authorization: `Bearer ${key}` },
    })
    expect(await answer.json()).toMatchObject({ period_sales: SALES, period_revenue_cents: SALES * 1900 })
  }, 150_000)

  test('in the middle of sales: what was acknowledged is kept, and what was not is whole or absent', async (finishing) => {
    const environment = await newPlace(finishing)
    const receiver = startReceiver(finishing)
    receiver.state.open = true
    const first = await start(finishing, environment)
    const { test: key } = printedKeys(first)
    await call(first, key, 'webhooks', { url: receiver.url, events: ['sale.completed'] })
    const product = await call(first, key, 'products', { name: 'Kit', price_cents: 1900 })
    const { id: variant_id } = await call(first, key, `products/${product.id}/variants`, {
      name: 'Team',
      price_cents: 1900,
      license: {},
    })
    const acknowledged: string[] = []
    const selling = Array.from({ length: 4 }, async () => {
      for (;;) acknowledged.push(await sell(first, key, { variant_id }))
    })
    const stopped = Promise.allSettled(selling)
    await eventually('some sales', () => (acknowledged.length >= 10 ? true : undefined))
    await first.end('SIGKILL')
    await stopped

    const second = await start(finishing, environment)
    const authorized = { headers: { Authorization: `Bearer ${key}` } }
    const page = (await (await fetch(`${second.url}/v1/orders?status=completed&limit=100`, authorized)).json()) as {
      orders: { id: string; license: { key: string } | null }[]
    }
    const completed = page.orders.map(({ id }) => id)
    expect(completed).toEqual(expect.arrayContaining(acknowledged))
    // Each completed order has its sale, its licence and its webhook: one transaction made all four.
    const issued = (await (await fetch(`${second.url}/v1/licenses?limit=100`, authorized)).json()) as {
      licenses: { order_id: string; key: string }[]
    }
    const keys = Object.fromEntries(issued.licenses.map(({ order_id, key }) => [order_id, key]))
    expect(issued.licenses).toHaveLength(completed.length)
    expect(keys).toEqual(Object.fromEntries(page.orders.map(({ id, license }) => [id, license?.key])))
    const revenue = await (await fetch(`${second.url}/api/v1/revenue?period=7d`, authorized)).json()
    expect(revenue).toMatchObject({ period_sales: completed.length })
    await eventually(
      'every delivery',
      () => (completed.every((id) => receiver.orders.includes(id)) ? true : undefined),
      100_000,
    )
  }, 150_000)

  const which = inject('databaseKind') === 'postgres' ? 'one of two workers' : 'the only worker'

  test(`of ${which} under load: nothing is lost, and what comes twice fits in its slots`, killWorkerUnderLoad, 200_000)
})
