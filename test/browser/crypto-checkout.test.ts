import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addAddresses } from '../../server/domain/addresses/service'
import { formatStoreId } from '../../server/kernel/ids'
import { startBrowser, visit } from '../support/browser'
import { evmAddress, tronWallet } from '../support/crypto'
import { type CryptoShop, openCryptoShop } from '../support/crypto-shop'
import { createWorld, type World } from '../support/world'

let world: World
let shop: CryptoShop
let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
  world = await createWorld()
  shop = await openCryptoShop(world, 40)
  await addAddresses(shop.ctx, { network: 'tron', address: tronWallet(1) })
  await addAddresses(shop.ctx, { network: 'ethereum', address: evmAddress(1) })
})
afterAll(async () => {
  await browser?.close()
  await world?.close()
})

type Options = Parameters<typeof visit>[2]

async function visiting(options: Options, work: (page: Page) => Promise<void>): Promise<void> {
  const visitor = await visit(browser, world.url, options)
  await work(visitor.page)
  expect(visitor.complaints).toEqual([])
  expect(visitor.strays).toEqual([])
  await visitor.close()
}

const product = () => `${world.url}/checkout/${shop.product.id}`
const shown = (page: Page, kind: string) => page.locator(`[data-kind=${kind}]`).waitFor()
const press = (page: Page, action: string) => page.locator(`button[value=${action}]`).click()

async function choose(page: Page, payIn = 'bsc.usdt'): Promise<void> {
  await page.locator('#by-crypto').check()
  await page.locator('#crypto-email').fill('buyer@example.com')
  await page.locator(`input[value="${payIn}"]`).check()
  await page.locator('form[data-crypto-form] button[type=submit]').click()
  await shown(page, 'waiting')
}

test('from the choice of a coin to the receipt, with the keyboard, and what was typed is kept between the tabs', async () => {
  await visiting({}, async (page) => {
    await page.goto(product())
    await page.locator('#email').fill('buyer@example.com')
    expect(await page.locator('#crypto-email').isVisible()).toBe(false)
    await page.locator('#by-card').focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('#number').isVisible()).toBe(false)
    expect(await page.locator('.tests').isVisible()).toBe(false)
    expect(await page.locator('#crypto-email').inputValue()).toBe('buyer@example.com')
    await page.locator('input[value="bsc.usdt"]').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Enter')
    await shown(page, 'waiting')
    expect(await page.locator('#pay-amount').textContent()).toBe('19.000000')
    await press(page, 'detect')
    await shown(page, 'seen')
    await page.getByText('1 of 15 confirmations').waitFor()
    // Another tab, or the chain: this page hears of it by itself, and leads on.
    const { crypto } = (await shop.open(page.url().split('/').at(-1))) ?? {}
    await shop.play(crypto?.number ?? '', 'confirm')
    await shown(page, 'confirmed')
    await page.locator('.receipt', { hasText: 'USDT, BNB Smart Chain' }).waitFor()
  })
})

test('it is all there without script', async () => {
  await visiting({ javaScriptEnabled: false }, async (page) => {
    await page.goto(product())
    await choose(page, 'tron.usdt')
    await press(page, 'confirm')
    await page.locator('.receipt', { hasText: 'USDT, TRON' }).waitFor()
  })
})

test('whoever goes back to the card can pay by card', async () => {
  await visiting({}, async (page) => {
    await page.goto(product())
    await choose(page)
    await page.getByRole('button', { name: 'Pay another way' }).click()
    await page.locator('[data-test-card$="0002"]').click()
    await page.locator('form[data-card-form] button[type=submit]').click()
    await page.locator('.receipt').waitFor()
  })
})

test('in a frame it stays there, and the page around it hears of the payment', async () => {
  const query = `store_id=${formatStoreId(shop.ctx.storeId)}&testMode=true&amount=19&product=Plan`
  await visiting({}, async (page) => {
    await page.route('**/shop.html', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<script>addEventListener('message', ({ data }) => { if (String(data?.type).endsWith('payment_complete')) window.told = data })</script>
          <iframe src="${world.url}/checkout/embed?${query}" style="width:600px;height:900px"></iframe>`,
      }),
    )
    await page.goto(`${world.url}/shop.html`)
    const frame = page.frameLocator('iframe')
    await frame.locator('#by-crypto').check()
    await frame.locator('#crypto-email').fill('buyer@example.com')
    await frame.locator('input[value="bsc.usdc"]').check()
    await frame.locator('form[data-crypto-form] button[type=submit]').click()
    await frame.locator('button[value=confirm]').click()
    await frame.locator('.receipt').waitFor()
    await page.waitForFunction('window.told !== undefined')
    expect(await page.evaluate('window.told.amount')).toBe(19)
  })
})
