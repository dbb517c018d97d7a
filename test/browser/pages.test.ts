import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addAddresses } from '../../server/domain/addresses/service'
import { createOrder } from '../../server/domain/payments/creation'
import { setStoreStatus, updateStore } from '../../server/domain/stores/service'
import { HOUR_MS } from '../../server/kernel/clock'
import { formatStoreId } from '../../server/kernel/ids'
import { startBrowser, visit } from '../support/browser'
import { addCoupon } from '../support/coupons'
import { evmAddress, tronWallet } from '../support/crypto'
import { openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

/** What every page that a buyer can come to must keep: readable by all, in its place from the start, and light. */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const LONG = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen für den langen Sommer'
const ARABIC = 'قالب متجر إلكتروني كامل (مع دعم فني)'

let world: World
let shop: Shop
let browser: Browser
let store: string
beforeAll(async () => {
  browser = await startBrowser()
  world = await createWorld()
  shop = await openShop(world)
  await addAddresses(shop.ctx, { network: 'tron', address: tronWallet(1) })
  const pool = Array.from({ length: 40 }, (_, n) => ({ address: evmAddress(n) }))
  await addAddresses(shop.ctx, { network: 'bsc', addresses: pool })
  store = formatStoreId(shop.ctx.storeId)
  await addCoupon(shop, 'TENTH')
  await addCoupon(shop, 'GIFT', { discount_basis_points: 10_000 })
})
afterAll(async () => {
  await browser?.close()
  await world?.close()
})

const link = (query: string) => `${world.url}/checkout/${store}?testMode=true&${query}`
const embed = (query: string) => `${world.url}/checkout/embed?store_id=${store}&testMode=true&${query}`
const submit = (page: Page) => page.locator('form.form button[type=submit]').first().click()

async function payTo(page: Page, url: string, card: string): Promise<void> {
  await page.goto(url)
  await page.locator(`[data-test-card$="${card}"]`).click()
  await submit(page)
}

/** Chooses a coin, and lets happen to its payment what the buttons of test mode do. */
async function payInCrypto(page: Page, url: string, ...presses: string[]): Promise<void> {
  await page.goto(url)
  await page.locator('#by-crypto').check()
  await page.locator('#crypto-email').fill('buyer@example.com')
  await page.locator('input[value="bsc.native"]').check()
  await page.locator('form[data-crypto-form] button[type=submit]').click()
  for (const action of presses) await page.locator(`button[value=${action}]`).click()
}

/** Every kind of page, by the way that a buyer gets there. */
const PAGES: readonly (readonly [name: string, open: (page: Page) => Promise<unknown>])[] = [
  ['product', (page) => page.goto(`${world.url}/checkout/${shop.product.id}`)],
  ['link', (page) => page.goto(link('amount=49.99&product=Plan&cancel_url=https://shop.example/'))],
  ['link of a long name', (page) => page.goto(link(`amount=50000&currency=idr&product=${encodeURIComponent(LONG)}`))],
  ['link in Arabic', (page) => page.goto(link(`amount=1234.5&currency=sar&product=${encodeURIComponent(ARABIC)}`))],
  ['link with a coupon', (page) => page.goto(link('amount=49.99&product=Plan&coupon=TENTH'))],
  ['link with a bad coupon', (page) => page.goto(link('amount=49.99&product=Plan&coupon=NONE'))],
  ['nothing to pay', (page) => page.goto(link('amount=49.99&product=Plan&coupon=GIFT'))],
  ['amount', (page) => page.goto(link('product=Donation'))],
  ['bad amount', (page) => page.goto(link('product=Donation&own_amount=1,250'))],
  ['own amount', (page) => page.goto(link('product=Donation&own_amount=12'))],
  ['wrong link', (page) => page.goto(link('amount=x&currency=y&success_url=z'))],
  [
    'session',
    async (page) => {
      const order = await createOrder(shop.ctx, { product_id: shop.product.id, metadata: {} })
      await page.goto(`${world.url}/checkout/${order.sessionId}`)
    },
  ],
  ['no such store', (page) => page.goto(`${world.url}/checkout/sto_zzzzzzzz`)],
  ['no gateway', (page) => page.goto(`${world.url}/checkout/${store}?amount=5`)],
  ['embed', (page) => page.goto(embed('amount=49.99&product=Plan&coupon=TENTH'))],
  ['light embed', (page) => page.goto(embed('amount=49.99&product=Plan&theme=light'))],
  [
    'declined embed',
    async (page) => {
      await payTo(page, embed('amount=49.99&product=Plan'), '0119')
      await page.locator('#summary', { hasText: /declined|abgelehnt/ }).waitFor()
    },
  ],
  [
    'challenge in an embed',
    async (page) => {
      await payTo(page, embed('amount=49.99&product=Plan'), '1091')
      await page.locator('button[value=complete]').waitFor()
    },
  ],
  [
    'receipt in an embed',
    async (page) => {
      await payTo(page, embed('amount=49.99&product=Plan&coupon=TENTH'), '0002')
      await page.locator('.receipt').waitFor()
    },
  ],
  [
    'challenge',
    async (page) => {
      await payTo(page, link('amount=49.99&product=Checked'), '1091')
      await page.locator('button[value=complete]').waitFor()
    },
  ],
  [
    'receipt with a coupon',
    async (page) => {
      await payTo(page, link('amount=49.99&product=Done&coupon=TENTH'), '0002')
      await page.locator('.receipt').waitFor()
    },
  ],
  [
    'crypto, nothing chosen',
    async (page) => {
      await page.goto(link(`amount=12&product=${encodeURIComponent(LONG)}`))
      await page.locator('#by-crypto').check()
      await page.locator('form[data-crypto-form] button[type=submit]').click()
      await page.locator('#crypto-summary:not([hidden])').waitFor()
    },
  ],
  [
    'crypto, waiting',
    async (page) => {
      await payInCrypto(page, link(`amount=13&coupon=TENTH&product=${encodeURIComponent(LONG)}`))
      await page.locator('[data-kind=waiting]').waitFor()
    },
  ],
  [
    'crypto in an embed, seen',
    async (page) => {
      await payInCrypto(page, embed('amount=49.99&product=Plan'), 'detect')
      await page.locator('[data-kind=seen]').waitFor()
    },
  ],
  [
    'already paid',
    async (page) => {
      await payTo(page, link('amount=8&product=Twice'), '0002')
      await page.locator('.receipt').waitFor()
      await page.goto(link('amount=8&product=Twice'))
    },
  ],
  [
    'expired',
    async (page) => {
      await payTo(page, link('amount=8&product=Late'), '0119')
      const action = await page.locator('form[data-card-form]').getAttribute('action')
      world.clock.advance(2 * HOUR_MS)
      await page.goto(new URL(action ?? '', world.url).href)
    },
  ],
  [
    'unapproved store',
    async (page) => {
      const { store: closed } = await world.openStore()
      await setStoreStatus(world.deps, formatStoreId(closed.storeId), 'suspended')
      await page.goto(`${world.url}/checkout/${formatStoreId(closed.storeId)}?amount=5&testMode=true`)
    },
  ],
]

test.each([
  ['light', 'en-US', '#ffe066'],
  ['dark', 'de-DE', '#14213d'],
] as const)(
  'axe finds nothing serious on any page, %s',
  async (colorScheme, locale, accent) => {
    await updateStore({ ...shop.ctx, isTest: false }, { accent_color: accent })
    for (const [name, open] of PAGES) {
      // Transitions end at once, so that no colour is measured half-way.
      const visitor = await visit(browser, world.url, { colorScheme, locale, reducedMotion: 'reduce' })
      await open(visitor.page)
      expect({ name, found: await seriousViolations(visitor.page) }).toEqual({ name, found: [] })
      expect({ name, complaints: visitor.complaints }).toEqual({ name, complaints: [] })
      await visitor.close()
    }
  },
  120_000,
)

async function seriousViolations(page: Page): Promise<string[]> {
  // Playwright evaluates beside the page's policy, which the page itself keeps.
  await page.evaluate(AXE)
  const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[]
  }
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

test.each([320, 390, 1280])(
  'nothing scrolls sideways and nothing moves after it is shown, %i px',
  async (width) => {
    for (const [name, open] of PAGES) {
      const { page, close } = await visit(browser, world.url, { viewport: { width, height: 800 }, locale: 'de-DE' })
      // On the narrowest screen, where most can move, scripts come after the page was painted.
      if (width === 320) await page.route('**/*.js', (route) => setTimeout(() => void route.continue(), 150))
      await open(page)
      await page.waitForLoadState('load')
      const { overflow, shift } = await page.evaluate(
        () =>
          new Promise<{ overflow: number; shift: number }>((resolve) => {
            let shift = 0
            new PerformanceObserver((list) => {
              for (const entry of list.getEntries()) shift += (entry as PerformanceEntry & { value: number }).value
            }).observe({ type: 'layout-shift', buffered: true })
            // Two frames later whatever was going to move has moved, and has been reported.
            requestAnimationFrame(() =>
              requestAnimationFrame(() =>
                setTimeout(() =>
                  resolve({ overflow: document.documentElement.scrollWidth - window.innerWidth, shift }),
                ),
              ),
            )
          }),
      )
      expect({ name, overflow, shift }).toEqual({ name, overflow: 0, shift: 0 })
      await close()
    }
  },
  120_000,
)

test('a page with everything that it loads is at most 60 kB on the wire', async () => {
  for (const [name, open] of PAGES) {
    const { page, close } = await visit(browser, world.url)
    const session = await page.context().newCDPSession(page)
    await session.send('Network.enable')
    let bytes = 0
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength
    })
    await open(page)
    await page.waitForLoadState('load')
    expect(bytes).toBeGreaterThan(2_000)
    expect({ name, isLight: bytes <= 60_000 }).toEqual({ name, isLight: true })
    await close()
  }
}, 120_000)
