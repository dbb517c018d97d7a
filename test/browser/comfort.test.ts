import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { createOrder } from '../../server/domain/payments/creation'
import { createProduct } from '../../server/domain/products/service'
import { updateStore } from '../../server/domain/stores/service'
import { seriousViolations } from '../support/axe'
import { heading, useBrowserShop } from '../support/browser-shop'

const stage = useBrowserShop()

const checkoutUrl = () => `${stage.world.url}/checkout/${stage.shop.product.id}`
const submit = (page: Page) => page.locator('form[data-card-form] button[type=submit]').click()

async function typeCard(page: Page, number: string): Promise<void> {
  await page.fill('#email', 'plain@example.com')
  await page.fill('#number', number)
  await page.fill('#expiry', '12/30')
  await page.fill('#cvc', '123')
  await page.fill('#name', 'Plain Buyer')
}

test('a purchase with 3-D Secure needs no script', async () => {
  await stage.visiting({ javaScriptEnabled: false }, async (page) => {
    await page.goto(checkoutUrl())
    await page.fill('#email', 'plain@example')
    await submit(page)
    await page.locator('#email-problem', { hasText: 'Enter an e-mail address' }).waitFor()
    await typeCard(page, '4000 0000 0000 0119')
    await submit(page)
    await page.locator('#summary', { hasText: 'not enough money' }).waitFor()
    await typeCard(page, '5200000000001096')
    await submit(page)
    await page.getByRole('button', { name: 'Complete authentication' }).click()
    await heading(page, 'Thank you')
    // What only a script could do isn't offered.
    expect(await page.locator('[data-print]').isVisible()).toBe(false)
  })
})

test('slips are shown before anything is sent, and the card stays in the form', async () => {
  await stage.visiting({}, async (page) => {
    let posts = 0
    page.on('request', (request) => {
      if (request.method() === 'POST') posts++
    })
    await page.goto(checkoutUrl())
    await typeCard(page, '4000000000000002')
    await page.fill('#expiry', '02/26')
    await page.fill('#cvc', '1')
    await submit(page)
    const summary = page.locator('#summary', { hasText: '2 fields need your attention' })
    await summary.waitFor()
    expect(await summary.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(await page.locator('#expiry').getAttribute('aria-invalid')).toBe('true')
    expect(await page.locator('#number').inputValue()).toBe('4000 0000 0000 0002')
    await summary.getByRole('link', { name: 'This card has expired' }).click()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('expiry')
    expect(posts).toBe(0)
    await page.fill('#expiry', '12/30')
    expect(await page.locator('#expiry-problem').isVisible()).toBe(false)
    await page.fill('#cvc', '123')
    await submit(page)
    await heading(page, 'Thank you')
  })
})

test('a pasted number is grouped, and a correction in its middle keeps the caret', async () => {
  await stage.visiting({}, async (page) => {
    await page.goto(checkoutUrl())
    await page.focus('#number')
    await page.keyboard.insertText('4000-0000-0000-1091')
    expect(await page.inputValue('#number')).toBe('4000 0000 0000 1091')
    await page.locator('#number').evaluate((input: HTMLInputElement) => input.setSelectionRange(6, 6))
    await page.keyboard.type('5')
    expect(await page.inputValue('#number')).toBe('4000 0500 0000 0109 1')
    const caret = await page.locator('#number').evaluate((input: HTMLInputElement) => input.selectionStart)
    expect(caret).toBe(7)
    await page.keyboard.press('Backspace')
    expect(await page.inputValue('#number')).toBe('4000 0000 0000 1091')
  })
})

test('offline, the page says so and sends nothing; online again, it pays', async () => {
  await stage.visiting({}, async (page) => {
    await page.goto(checkoutUrl())
    await page.locator('[data-test-card$="0002"]').click()
    await page.context().setOffline(true)
    await submit(page)
    await page.locator('#offline', { hasText: 'You are offline. Nothing was sent.' }).waitFor()
    await page.context().setOffline(false)
    await page.locator('#offline').waitFor({ state: 'hidden' })
    await submit(page)
    await heading(page, 'Thank you')
  })
})

test('a paid order sends its buyer back to the stage.shop, past the content security policy', async () => {
  const thanks = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('Thanks from the shop') })
  const order = await createOrder(stage.shop.ctx, {
    product_id: stage.shop.product.id,
    metadata: {},
    success_url: `http://127.0.0.1:${thanks.port}/thanks`,
  })
  const { page, complaints, close } = await stage.visit()
  await page.goto(`${stage.world.url}/checkout/${order.sessionId}`)
  await page.locator('[data-test-card$="1091"]').click()
  await submit(page)
  await page.getByRole('button', { name: 'Complete authentication' }).click()
  await page.getByText('Thanks from the shop').waitFor()
  expect(new URL(page.url()).searchParams.get('order_id')).toBe(order.number)
  expect(complaints).toEqual([])
  await close()
  await thanks.stop(true)
})

/** Pages that between them show every piece of the design. */
async function everyState(page: Page, look: (state: string) => Promise<void>): Promise<void> {
  await page.goto(checkoutUrl())
  await look('form')
  await submit(page)
  await page.locator('#summary').waitFor()
  await look('errors')
  await page.locator('[data-test-card$="0119"]').click()
  await submit(page)
  await page.locator('#summary', { hasText: /declined|abgelehnt/ }).waitFor()
  await look('declined')
  await page.locator('[data-test-card$="1091"]').click()
  await submit(page)
  await page.locator('button[value=complete]').waitFor()
  await look('challenge')
  await page.locator('button[value=complete]').click()
  await page.locator('[data-print]').waitFor()
  await look('receipt')
  await page.goto(checkoutUrl())
  await look('already paid')
  await page.goto(`${stage.world.url}/checkout/nothing`)
  await look('not found')
}

test.each([
  ['light', 'en-US', '#ffe066'],
  ['dark', 'de-DE', '#14213d'],
] as const)(
  'axe finds nothing serious in any state, %s, whatever accent the store chose',
  async (colorScheme, locale, accent) => {
    await updateStore({ ...stage.shop.ctx, isTest: false }, { accent_color: accent })
    // Transitions end at once, so that no colour is measured half-way.
    await stage.visiting({ colorScheme, locale, reducedMotion: 'reduce' }, async (page) => {
      await everyState(page, async (state) => {
        expect({ state, found: await seriousViolations(page) }).toEqual({ state, found: [] })
      })
    })
  },
)

test('nothing scrolls sideways at 320 px, with long words and large amounts, and the total stays in sight', async () => {
  const long = await createProduct(stage.shop.ctx, {
    name: 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen für den langen Sommer',
    description: 'https://example.com/a-very-long-address-without-any-place-to-break-it-in-two/index.html '.repeat(5),
    price_cents: 99_999_999,
    currency: 'idr',
    status: 'active',
  })
  const name = 'متجر الكتب العربية والنشر الدولي المحدود للطباعة والتوزيع'
  await updateStore({ ...stage.shop.ctx, isTest: false }, { name })
  await stage.visiting({ viewport: { width: 320, height: 640 }, locale: 'de-DE' }, async (page) => {
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    await everyState(page, async (state) => expect([state, await overflow()]).toEqual([state, 0]))
    await page.goto(`${stage.world.url}/checkout/${long.id}`)
    await submit(page)
    expect(await overflow()).toBe(0)
    await page.locator('form[data-card-form] button[type=submit]').scrollIntoViewIfNeeded()
    const total = await page.locator('.total').boundingBox()
    expect(total?.y).toBeGreaterThanOrEqual(0)
    expect((total?.x ?? 0) + (total?.width ?? 0)).toBeLessThanOrEqual(320)
  })
})

test('live mode without a gateway says so in words', async () => {
  const live = await createProduct(
    { ...stage.shop.ctx, isTest: false },
    { name: 'Live', price_cents: 900, currency: 'eur', status: 'active' },
  )
  await stage.visiting({}, async (page) => {
    await page.goto(`${stage.world.url}/checkout/${live.id}`)
    await heading(page, 'This store cannot take payments yet')
  })
})
