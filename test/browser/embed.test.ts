import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { buttonSample, frameSample, linkSample } from '../../server/rest/docs/links'
import { dialogFrame, hears, LISTENER, pay, useShopPages } from '../support/shop-pages'

/** Pages of a shop on an origin of its own, in a real browser: what its script hears is what the guarantee is about. */
const shop = useShopPages()
const { embedUrl, opened, scriptTag, shopPage } = shop

test('an embedded checkout tells the page around it what was declined, and then what was paid', async () => {
  const frame = `<iframe src="${embedUrl('amount=49.99&product=Plan')}" width="480" height="700"></iframe>`
  const { page, close } = await opened(shopPage('', frame))
  const checkout = page.frameLocator('iframe')
  await pay(checkout, '0119')
  const failed = await hears(page, 'pebblepay:payment_failed')
  expect([failed.origin, failed.error]).toEqual([shop.world.url, expect.stringContaining('not enough money')])
  await pay(checkout, '1091')
  await checkout.getByRole('button', { name: 'Complete authentication' }).click()
  const complete = await hears(page, 'pebblepay:payment_complete')
  expect(complete).toMatchObject({
    ...{ origin: shop.world.url, amount: 49.99 },
    ...{ transactionId: expect.stringMatching(/^txn_/), orderId: expect.stringMatching(/^PP-/) },
  })
  expect(await hears(page, 'payhook:payment_complete')).toMatchObject({ orderId: complete.orderId })
  await checkout.getByText('You paid $49.99 to Test store.').waitFor()
  // It stays dark for a buyer who likes it light, and in the frame.
  expect(await checkout.locator('body').evaluate((body) => getComputedStyle(body).backgroundColor)).toBe(
    'rgb(15, 17, 19)',
  )
  expect(page.url()).toContain('/page')
  await close()
})

test('with a success_url an embedded checkout sends the whole page on', async () => {
  const thanks = `${shop.origin}/thanks`
  const frame = `<iframe src="${embedUrl(`amount=5&success_url=${encodeURIComponent(thanks)}`)}" width="480" height="700"></iframe>`
  const { page, close } = await opened(shopPage('', frame))
  await pay(page.frameLocator('iframe'))
  await page.getByText('Thanks from the shop').waitFor()
  const query = new URL(page.url()).searchParams
  expect([query.get('amount'), query.get('status')]).toEqual(['5.00', 'completed'])
  await close()
})

test('a framed checkout that may not move the page offers a link that may', async () => {
  const thanks = `${shop.origin}/thanks`
  const src = embedUrl(`amount=5&success_url=${encodeURIComponent(thanks)}`)
  const sandbox = 'allow-scripts allow-same-origin allow-forms allow-top-navigation-by-user-activation'
  const { page, close } = await opened(
    shopPage('', `<iframe src="${src}" sandbox="${sandbox}" width="480" height="700"></iframe>`),
  )
  const checkout = page.frameLocator('iframe')
  await pay(checkout)
  await hears(page, 'pebblepay:payment_complete')
  const link = checkout.getByRole('link', { name: 'Back to Test store' })
  if (page.url().includes('/page')) await link.click()
  await page.getByText('Thanks from the shop').waitFor()
  await close()
})

test("the guide's button and frame work as they are pasted", async () => {
  const own = (sample: string) => sample.replaceAll('YOUR_STORE_ID', shop.store)
  const { page, close } = await opened(shopPage('', own(frameSample(shop.world.url) + buttonSample(shop.world.url))))
  await page.frameLocator('iframe[title=Checkout]').getByText('Premium Plan').first().waitFor()
  await page.getByRole('button', { name: 'Buy now' }).click()
  const said = page.waitForEvent('console')
  await pay(dialogFrame(page))
  expect((await said).text()).toMatch(/^paid PP-/)
  await page.goto(own(linkSample(shop.world.url)))
  await page.getByText('$49.99').first().waitFor()
  await close()
})

test('a page that is opened as a file can sell too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-page-'))
  const file = join(folder, 'index.html')
  writeFileSync(file, `<!doctype html>${LISTENER}<button data-payhook data-amount="9">Buy</button>${scriptTag()}`)
  const { page, close } = await opened(pathToFileURL(file).href)
  await page.getByRole('button', { name: 'Buy' }).click()
  await pay(dialogFrame(page))
  await hears(page, 'payhook:payment_complete')
  await close()
  rmSync(folder, { recursive: true })
})

test('a strict policy that allows our origin is enough, styles included', async () => {
  const policy = `default-src 'none'; script-src 'nonce-shop' ${shop.world.url}; frame-src ${shop.world.url}; style-src 'none'`
  const body = '<button data-payhook data-amount="9">Buy</button>'
  const url = shopPage('', body + scriptTag(), { 'Content-Security-Policy': policy })
  const { page, close } = await opened(url)
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.getByRole('button', { name: 'Buy' }).click()
  await pay(dialogFrame(page))
  await hears(page, 'payhook:payment_complete')
  expect(await page.locator('dialog').evaluate((dialog) => getComputedStyle(dialog).display)).toBe('flex')
  expect(complaints).toEqual([])
  await close()
})

test('where the page forbids frames, the checkout is a page of its own', async () => {
  const policy = `default-src 'none'; script-src 'nonce-shop' ${shop.world.url}`
  const body = '<button data-payhook data-amount="9" data-product="Alone">Buy</button>'
  const url = shopPage('', body + scriptTag(), { 'Content-Security-Policy': policy })
  const { page, close } = await opened(url)
  await page.getByRole('button', { name: 'Buy' }).click()
  await page.waitForURL(`${shop.world.url}/checkout/${shop.store}**`)
  await page.getByText('Alone').waitFor()
  await close()
})

test('no other checkout can be put into a frame', async () => {
  const frame = `<iframe src="${shop.world.url}/checkout/${shop.store}?testMode=true&amount=5" width="480" height="700"></iframe>`
  const { page, close } = await opened(shopPage('', frame))
  await page.waitForLoadState('load')
  expect(page.frames().map((one) => one.url())).not.toContain(
    `${shop.world.url}/checkout/${shop.store}?testMode=true&amount=5`,
  )
  expect(await page.frameLocator('iframe').locator('#email').count()).toBe(0)
  await close()
})
