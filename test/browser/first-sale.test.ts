import crypto from 'node:crypto'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
import type { Browser } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobs } from '../../server/jobs/registry'
import { startWorker, type Worker } from '../../server/jobs/worker'
import type { AppRouter } from '../../server/router'
import { bearer, connectHttp, type TestClient } from '../mcp/clients'
import { startBrowser, visit } from '../support/browser'
import { callRest } from '../support/calls'
import { type Received, type Receiver, startReceiver } from '../support/receiver'
import { eventually } from '../support/server'
import { createWorld, type World } from '../support/world'

let world: World
let worker: Worker
let browser: Browser
let receiver: Receiver
let agent: TestClient
let key: string
beforeAll(async () => {
  browser = await startBrowser()
  receiver = await startReceiver()
  world = await createWorld()
  // A receiver refuses an old timestamp.
  world.clock.set(new Date())
  worker = startWorker(world.deps, jobs)
  world.deps.wake = worker.wake
  key = (await world.openStore()).testKey
  agent = await connectHttp('2026-07-28', world.url, bearer(key))
})
afterAll(async () => {
  await agent?.close()
  await browser?.close()
  await worker?.stop()
  await receiver?.close()
  await world?.close()
})

const trpc = () =>
  createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${world.url}/trpc`, headers: bearer(key) })] })

async function useTool(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
  const result = await agent.callTool(name, args)
  if (result.isError || !result.structuredContent) throw new Error(`${name}: ${result.content[0]?.text}`)
  return result.structuredContent
}

/** Revenue as each door shows it, which must be the same. */
async function revenue(): Promise<Record<string, unknown>> {
  const rest = await callRest(world.url, 'GET', '/api/v1/revenue?period=7d', { key })
  expect(rest.status).toBe(200)
  expect(await trpc().revenue.get.query({ period: '7d' })).toEqual(rest.body)
  expect(await useTool('get_revenue', { period: '7d' })).toEqual(rest.body)
  return rest.body
}

/** Document A's sample, line by line. */
function verifySignature(body: string, signature: string, secret: string): boolean {
  const expected = `sha256=${crypto.createHmac('sha256', secret).update(body).digest('hex')}`
  return crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
}

/** What was received, once it has come and both verifiers have accepted it. */
async function verified(count: number, secret: string) {
  const sent = await eventually(`delivery ${count}`, () => receiver.received[count - 1])
  expect(receiver.received).toHaveLength(count)
  expect(verifySignature(sent.body, signatureOf(sent), secret)).toBe(true)
  expect(verifySignature(`${sent.body} `, signatureOf(sent), secret)).toBe(false)
  return new Webhook(secret).verify(sent.body, sent.headers) as { event: string; data: Record<string, unknown> }
}

const signatureOf = ({ headers }: Received) => headers['x-payhook-signature'] ?? ''

async function payInBrowser(checkoutUrl: string): Promise<void> {
  const visitor = await visit(browser, world.url)
  const { page } = visitor
  await page.goto(checkoutUrl)
  await page.locator('[data-test-card$="1091"]').click()
  await page.locator('#email').fill('ada@example.com')
  await page.locator('form[data-card-form] button[type=submit]').click()
  await page.getByRole('button', { name: 'Complete authentication' }).click()
  await page.locator('h1', { hasText: 'Thank you' }).waitFor()
  await visitor.close()
  expect([visitor.complaints, visitor.strays]).toEqual([[], []])
}

test('an agent makes a product, a buyer pays after 3-D Secure, the shop hears of it, every door shows it, and a refund undoes it', async () => {
  const product = await useTool('create_product', { name: 'Template pack', price_cents: 1900 })
  const events = ['sale.completed', 'sale.refunded']
  const { secret } = await trpc().webhooks.create.mutate({ url: `${receiver.url}/hook`, events })
  expect(await revenue()).toMatchObject({ period_sales: 0, period_revenue_cents: 0 })

  await payInBrowser(String(product.checkout_url))
  const sale = await verified(1, secret)
  expect(sale).toMatchObject({
    event: 'sale.completed',
    data: { product_id: product.id, buyer_email: 'ada@example.com', amount_cents: 1900, currency: 'usd' },
  })
  expect(await revenue()).toMatchObject({
    period_sales: 1,
    period_revenue_cents: 1900,
    period_revenue_formatted: '$19.00',
    all_time_revenue_cents: 1900,
    by_product: { [String(product.id)]: { sales: 1, revenue_cents: 1900 } },
  })

  await useTool('refund_order', { id: sale.data.purchase_id })
  expect(await verified(2, secret)).toMatchObject({
    event: 'sale.refunded',
    data: { purchase_id: sale.data.purchase_id, product_id: product.id },
  })
  expect(await revenue()).toMatchObject({ period_revenue_cents: 0, all_time_revenue_cents: 0 })
  expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
})
