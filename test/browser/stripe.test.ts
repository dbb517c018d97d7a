import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { inTransaction } from '../../server/db/transaction'
import { completeOrder } from '../../server/domain/orders/transitions'
import { findCheckout } from '../../server/domain/payments/checkout'
import { startBrowser, visit } from '../support/browser'
import { heading } from '../support/browser-shop'
import { createStripeWorld, openStripeShop, runJobs, type StripeShop, type StripeWorld } from '../support/stripe/shop'

let browser: Browser
let world: StripeWorld
let shop: StripeShop
beforeAll(async () => {
  browser = await startBrowser()
  world = await createStripeWorld()
})
beforeEach(async () => {
  shop = await openStripeShop(world)
})
afterAll(async () => {
  await browser.close()
  await world.close()
})

/** What Stripe tells arrives, and the background work is done. */
async function arrive(): Promise<void> {
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
}

/** A buyer on Stripe's page, who came there from ours; and the path of their checkout. */
async function onStripesPage(work: (page: Page, path: string) => Promise<void>): Promise<void> {
  const { page, complaints, close } = await visit(browser, world.url)
  const { order } = await shop.open()
  const path = `${world.url}/checkout/${order.sessionId}`
  await page.goto(path)
  await page.locator('input[name=email]').fill('buyer@example.com')
  await page.locator('form button[type=submit]').last().click()
  await page.waitForURL(`${world.stripe.url}/c/pay/**`)
  await work(page, path)
  expect(complaints).toEqual([])
  await close()
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const stateOf = async (path: string) => (await findCheckout(shop.deps, path.split('/').at(-1) ?? '')).state
const salesOf = async (path: string) => {
  const { order } = await findCheckout(shop.deps, path.split('/').at(-1) ?? '')
  return (await shop.ledger(order.id)).entries.filter(({ kind }) => kind === 'sale')
}

test('from our page to Stripe’s, paid there, and back to the receipt, before any notice came', async () => {
  await onStripesPage(async (page, path) => {
    await press(page, 'Pay')
    await heading(page, 'Thank you')
    expect(page.url()).toBe(path)
    expect(await page.locator('dl').textContent()).toContain('4242')
    await arrive()
    expect(await salesOf(path)).toHaveLength(1)
  })
})

test('who goes back unpaid is led to the same page again, and can pay', async () => {
  await onStripesPage(async (page) => {
    const there = page.url()
    await page.getByRole('link', { name: 'Back to the shop' }).click()
    await heading(page, 'Continue to the payment page')
    await page.getByRole('link', { name: 'Continue to payment' }).click()
    expect(page.url()).toBe(there)
    await press(page, 'Pay')
    await heading(page, 'Thank you')
  })
})

test('a declined card can be followed by another one on the same page', async () => {
  await onStripesPage(async (page, path) => {
    await press(page, 'Pay with a card that is declined')
    await page.getByRole('alert').waitFor()
    await arrive()
    expect(await stateOf(path)).toBe('redirected')
    await press(page, 'Pay')
    await heading(page, 'Thank you')
  })
})

test('who pays and closes the tab finds the receipt later', async () => {
  await onStripesPage(async (page, path) => {
    // The payment is sent, and the way back is never walked.
    await page.evaluate(async () => {
      await fetch('', { method: 'POST', body: new URLSearchParams({ act: 'pay' }), redirect: 'manual' })
    })
    await page.close()
    await arrive()
    expect(await stateOf(path)).toBe('paid')
    const later = await visit(browser, world.url)
    await later.page.goto(path)
    await heading(later.page, 'Thank you')
    expect(await salesOf(path)).toHaveLength(1)
    await later.close()
  })
})

test('two tabs lead to one page, which is paid once', async () => {
  await onStripesPage(async (page, path) => {
    const other = await page.context().newPage()
    await other.goto(path)
    await other.getByRole('link', { name: 'Continue to payment' }).click()
    expect(other.url()).toBe(page.url())
    await press(page, 'Pay')
    await heading(page, 'Thank you')
    await press(other, 'Pay')
    await heading(other, 'This page is complete')
    await other.goto(path)
    await heading(other, 'Thank you')
    await arrive()
    expect(await salesOf(path)).toHaveLength(1)
  })
})

test('who pays an order that was paid otherwise meanwhile gets that money back by itself', async () => {
  await onStripesPage(async (page, path) => {
    const { order } = await findCheckout(shop.deps, path.split('/').at(-1) ?? '')
    await inTransaction(shop.ctx, (tx) => completeOrder(tx, order.id, { method: 'crypto', at: tx.clock.now() }))
    await press(page, 'Pay')
    await heading(page, 'Thank you')
    await arrive()
    expect((await shop.ledger(order.id)).attempts).toMatchObject([{ status: 'returned' }])
    expect(await shop.told(order.id)).toContain('order.surplus_returned')
  })
})

test.each([
  ['comes', true, 'Thank you'],
  ['does not come', false, 'This checkout has expired'],
])(
  'money that takes days and %s: the page says that it is on its way, then how it ended',
  async (_how, isPaid, end) => {
    await onStripesPage(async (page, path) => {
      const [session = ''] = page.url().split('/').slice(-1)
      await press(page, 'Pay by bank debit')
      await heading(page, 'Your payment is on its way')
      await arrive()
      world.clock.advance(2 * 3_600_000)
      await runJobs(shop.deps)
      world.stripe.account.settle(session, isPaid)
      await arrive()
      await page.goto(path)
      await heading(page, end)
    })
  },
)
