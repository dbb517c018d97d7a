import type { Page } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findCheckout } from '../../server/domain/payments/checkout'
import type { Visitor } from '../support/browser'
import { heading, useBrowserShop } from '../support/browser-shop'

const stage = useBrowserShop()
let visitor: Visitor
beforeEach(async () => {
  visitor = await stage.visit()
})
afterEach(async () => {
  await visitor.close()
  expect(visitor.complaints).toEqual([])
  expect(visitor.strays).toEqual([])
})

const checkoutUrl = () => `${stage.world.url}/checkout/${stage.shop.product.id}`

async function pick(page: Page, last4: string): Promise<void> {
  await page.locator(`[data-test-card$="${last4}"]`).click()
}

async function send(page: Page): Promise<void> {
  await page.locator('form[data-card-form] button[type=submit]').click()
}

/** The sale rows of a session's order. */
async function salesOf(session: string) {
  const { order } = await findCheckout(stage.world.deps, session)
  return (await stage.shop.ledger(order.id)).entries.filter(({ kind }) => kind === 'sale')
}

test.each(['0002', '0007'])('the test card ending in %s pays at a click', async (last4) => {
  const { page } = visitor
  await page.goto(checkoutUrl())
  await pick(page, last4)
  await send(page)
  await heading(page, 'Thank you')
  expect(await page.locator('dl').textContent()).toContain(`ending in ${last4}`)
  expect(await salesOf(page.url().split('/').at(-1) ?? '')).toHaveLength(1)
})

test.each(['1091', '1096'])('the test card ending in %s pays after 3-D Secure', async (last4) => {
  const { page } = visitor
  await page.goto(checkoutUrl())
  await pick(page, last4)
  await send(page)
  await heading(page, 'Is this you?')
  await page.getByRole('button', { name: 'Complete authentication' }).click()
  await heading(page, 'Thank you')
})

test.each([
  ['0069', 'The card has expired'],
  ['0119', 'There is not enough money on this card'],
  ['0259', 'Your bank could not confirm that it is you'],
])('the test card ending in %s is declined in words, and the next card pays', async (last4, words) => {
  const { page } = visitor
  await page.goto(checkoutUrl())
  await pick(page, last4)
  await send(page)
  if (last4 === '0259') await page.getByRole('button', { name: 'Complete authentication' }).click()
  const alert = page.locator('#summary')
  await alert.filter({ hasText: words }).waitFor()
  // Read out and focused, and the card has to be typed anew.
  expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true)
  expect(await page.locator('#number').inputValue()).toBe('')
  expect(await page.locator('#email').inputValue()).toBe('buyer@example.com')
  await pick(page, '0002')
  await send(page)
  await heading(page, 'Thank you')
})

test("failing the bank's check charges nothing, and the same session can still pay", async () => {
  const { page } = visitor
  await page.goto(checkoutUrl())
  await pick(page, '1091')
  await send(page)
  await page.getByRole('button', { name: 'Fail authentication' }).click()
  await page.locator('#summary', { hasText: 'Your bank could not confirm' }).waitFor()
  const session = page.url().split('/').at(-1) ?? ''
  expect(await salesOf(session)).toHaveLength(0)
  await pick(page, '0007')
  await send(page)
  await heading(page, 'Thank you')
  expect(await salesOf(session)).toHaveLength(1)
})

test('a double click is one sale', async () => {
  const { page } = visitor
  await page.goto(checkoutUrl())
  await pick(page, '0002')
  await page.locator('form[data-card-form] button[type=submit]').dblclick()
  await heading(page, 'Thank you')
  expect(await salesOf(page.url().split('/').at(-1) ?? '')).toHaveLength(1)
})

test('two tabs that pay at the same moment are one sale', async () => {
  const { page } = visitor
  const other = await page.context().newPage()
  await page.goto(checkoutUrl())
  await other.goto(checkoutUrl())
  for (const tab of [page, other]) await pick(tab, '0002')
  await Promise.all([send(page), send(other)])
  for (const tab of [page, other]) await heading(tab, 'Thank you')
  expect(other.url()).toBe(page.url())
  expect(await salesOf(page.url().split('/').at(-1) ?? '')).toHaveLength(1)
})

test('back and reload after paying say "already paid", with the receipt and a new purchase at hand', async () => {
  const { page } = visitor
  await page.goto(checkoutUrl())
  await pick(page, '0002')
  await send(page)
  await heading(page, 'Thank you')
  const first = page.url()
  await page.reload()
  await heading(page, 'Thank you')
  await page.goBack()
  await heading(page, 'You already paid')
  await page.reload()
  await heading(page, 'You already paid')
  await page.getByRole('link', { name: 'Show the receipt' }).click()
  await heading(page, 'Thank you')
  await page.goBack()
  await page.getByRole('link', { name: 'Buy again' }).click()
  await pick(page, '0007')
  await send(page)
  await heading(page, 'Thank you')
  expect(page.url()).not.toBe(first)
})

test('a purchase needs no mouse', async () => {
  const { page } = visitor
  await page.goto(checkoutUrl())
  // Tab reaches the coupon and then the fields, in the order that they are read in.
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Add a coupon')
  for (const [id, text] of [
    ['email', 'keys@example.com'],
    ['number', '4000000000000002'],
    ['expiry', '1230'],
    ['cvc', '123'],
    ['name', 'Key Board'],
  ]) {
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe(id)
    await page.keyboard.type(text ?? '')
  }
  expect(await page.locator('#number').inputValue()).toBe('4000 0000 0000 0002')
  expect(await page.locator('#expiry').inputValue()).toBe('12 / 30')
  expect(await page.locator('[data-brand]').textContent()).toBe('Visa')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await heading(page, 'Thank you')
})
