import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatStoreId } from '../../server/kernel/ids'
import { buttonSample, frameSample, linkSample } from '../../server/rest/docs/links'
import { startBrowser } from '../support/browser'
import { eventually } from '../support/server'
import { openShop } from '../support/shop'
import { createWorld, type World } from '../support/world'

/** Pages of a shop on an origin of its own, in a real browser: what its script hears is what the guarantee is about. */
let world: World
let browser: Browser
let store: string
let shopPage: (head: string, body: string, headers?: Record<string, string>) => string
let shopServer: ReturnType<typeof Bun.serve>

beforeAll(async () => {
  browser = await startBrowser()
  world = await createWorld()
  store = formatStoreId((await openShop(world)).ctx.storeId)
  const pages = new Map<string, { html: string; headers: Record<string, string> }>()
  shopServer = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const page = pages.get(new URL(request.url).pathname)
      const html = page?.html ?? '<!doctype html><h1>Thanks from the shop</h1>'
      return new Response(html, { headers: { 'Content-Type': 'text/html; charset=utf-8', ...page?.headers } })
    },
  })
  shopPage = (head, body, headers = {}) => {
    const path = `/page${pages.size}`
    const html = `<!doctype html><html lang="en"><head><title>Shop</title>${LISTENER}${head}</head><body>${body}</body></html>`
    pages.set(path, { html, headers })
    return `http://127.0.0.1:${shopServer.port}${path}`
  }
})
afterAll(async () => {
  await browser?.close()
  await shopServer?.stop(true)
  await world?.close()
})

/** Document D's listener, with what it hears kept. */
const LISTENER = `<script nonce="shop">
  window.heard = []
  window.addEventListener('message', (event) => {
    if (/payment_/.test(event.data.type)) window.heard.push({ origin: event.origin, ...event.data })
  })
</script>`

type Heard = { type: string; origin: string; transactionId?: string; amount?: number; orderId?: string; error?: string }
const heardBy = (page: Page) => page.evaluate('window.heard') as Promise<Heard[]>

async function hears(page: Page, type: string): Promise<Heard> {
  const found = await eventually(type, async () => {
    const all = (await heardBy(page)).filter((message) => message.type === type)
    return all.length > 0 ? all : undefined
  })
  expect(found).toHaveLength(1)
  return found[0] as Heard
}

async function opened(url: string, options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  await page.goto(url)
  return { page, close: () => context.close() }
}

async function pay(checkout: Page | FrameLocator, card = '0002'): Promise<void> {
  await checkout.locator(`[data-test-card$="${card}"]`).click()
  await checkout.locator('form[data-card-form] button[type=submit]').click()
}

const scriptTag = (name = 'payhook') =>
  `<script src="${world.url}/js/${name}.js" data-store="${store}" data-test-mode></script>`
const dialogFrame = (page: Page) => page.frameLocator('dialog iframe')
const embedUrl = (query: string) => `${world.url}/checkout/embed?store_id=${store}&testMode=true&${query}`

test('an embedded checkout tells the page around it what was declined, and then what was paid', async () => {
  const frame = `<iframe src="${embedUrl('amount=49.99&product=Plan')}" width="480" height="700"></iframe>`
  const { page, close } = await opened(shopPage('', frame))
  const checkout = page.frameLocator('iframe')
  await pay(checkout, '0119')
  const failed = await hears(page, 'pebblepay:payment_failed')
  expect([failed.origin, failed.error]).toEqual([world.url, expect.stringContaining('not enough money')])
  await pay(checkout, '1091')
  await checkout.getByRole('button', { name: 'Complete authentication' }).click()
  const complete = await hears(page, 'pebblepay:payment_complete')
  expect(complete).toMatchObject({
    ...{ origin: world.url, amount: 49.99 },
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
  const thanks = `http://127.0.0.1:${shopServer.port}/thanks`
  const frame = `<iframe src="${embedUrl(`amount=5&success_url=${encodeURIComponent(thanks)}`)}" width="480" height="700"></iframe>`
  const { page, close } = await opened(shopPage('', frame))
  await pay(page.frameLocator('iframe'))
  await page.getByText('Thanks from the shop').waitFor()
  const query = new URL(page.url()).searchParams
  expect([query.get('amount'), query.get('status')]).toEqual(['5.00', 'completed'])
  await close()
})

test('a framed checkout that may not move the page offers a link that may', async () => {
  const thanks = `http://127.0.0.1:${shopServer.port}/thanks`
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

test("document D's button pays in a dialog of the page, and the page goes where the button says", async () => {
  const button = `<button data-pebblepay="checkout" data-amount="49.99" data-product="Premium License"
    data-success-url="/thanks?x=1" data-reference="INV-7">Buy Now</button>`
  const { page, close } = await opened(shopPage('', button + scriptTag('pebblepay')))
  await page.getByRole('button', { name: 'Buy Now' }).click()
  const checkout = dialogFrame(page)
  await checkout.getByText('Premium License').waitFor()
  await pay(checkout)
  await page.getByText('Thanks from the shop').waitFor()
  const url = new URL(page.url())
  expect([url.pathname, url.searchParams.get('x'), url.searchParams.get('amount')]).toEqual(['/thanks', '1', '49.99'])
  expect(url.searchParams.get('order_id')).toMatch(/^PP-/)
  await close()
})

test('without a success_url the page hears of the payment once, and the dialog shows the receipt until it is closed', async () => {
  const button = '<button data-payhook="checkout" data-amount="7" data-product="Cap">Buy</button>'
  const { page, close } = await opened(shopPage('', button + scriptTag()))
  await page.getByRole('button', { name: 'Buy' }).click()
  await pay(dialogFrame(page))
  expect(await hears(page, 'payhook:payment_complete')).toMatchObject({ origin: world.url, amount: 7 })
  await dialogFrame(page).getByText('Thank you').waitFor()
  await page.getByRole('button', { name: 'Close' }).click()
  await page.locator('dialog').waitFor({ state: 'detached' })
  expect((await heardBy(page)).filter(({ type }) => type === 'payhook:payment_complete')).toHaveLength(1)
  await close()
})

test('a dialog that is closed unpaid goes to the cancel_url, where there is one, and after a payment it stays', async () => {
  const button = '<button data-payhook data-amount="7" data-cancel-url="/cancelled">Buy</button>'
  const { page, close } = await opened(shopPage('', button + scriptTag()))
  await page.getByRole('button', { name: 'Buy' }).click()
  await pay(dialogFrame(page))
  await dialogFrame(page).getByText('Thank you').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('dialog').waitFor({ state: 'detached' })
  const shop = page.url()
  await page.getByRole('button', { name: 'Buy' }).click()
  await dialogFrame(page).locator('#email').waitFor()
  expect(page.url()).toBe(shop)
  await page.keyboard.press('Escape')
  await page.getByText('Thanks from the shop').waitFor()
  expect(new URL(page.url()).pathname).toBe('/cancelled')
  await close()
})

test('Escape, within the frame too, and a click outside close the dialog; the focus goes back and the page scrolls again', async () => {
  const body = `<a href="#before">Before</a><button data-payhook data-amount="7">Buy</button>
    <a href="#after">After</a><div style="height:3000px"></div>`
  const { page, close } = await opened(shopPage('', body + scriptTag()))
  const button = page.getByRole('button', { name: 'Buy' })
  const overflow = () => page.evaluate(() => getComputedStyle(document.documentElement).overflowY)
  const isClosed = async () => {
    await page.locator('dialog').waitFor({ state: 'detached' })
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(await overflow()).toBe('visible')
  }
  const press = async () => {
    await button.press('Enter')
    await page.locator('dialog[aria-modal=true]').waitFor()
    expect(await overflow()).toBe('hidden')
  }
  await press()
  await page.keyboard.press('Escape')
  await isClosed()
  await press()
  await dialogFrame(page).locator('#email').click()
  await page.keyboard.press('Escape')
  await isClosed()
  await press()
  await page.mouse.click(20, 300)
  await isClosed()
  await close()
})

test('while the dialog is open no key reaches the page behind it', async () => {
  const body = `<a href="#before">Before</a><button data-payhook data-amount="7">Buy</button><a href="#after">After</a>`
  const { page, close } = await opened(shopPage('', body + scriptTag()))
  await page.getByRole('button', { name: 'Buy' }).click()
  await dialogFrame(page).locator('#email').waitFor()
  const reached = new Set<string>()
  for (let press = 0; press < 40; press++) {
    await page.keyboard.press('Tab')
    reached.add(
      await page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName ?? '',
      ),
    )
  }
  expect([...reached].sort()).toEqual(expect.arrayContaining(['Close', 'IFRAME']))
  for (const behind of ['A', 'BUTTON']) expect(reached.has(behind)).toBe(false)
  await close()
})

test('loaded twice and under both names, one press opens one dialog', async () => {
  const body = '<button data-payhook data-pebblepay data-amount="7">Buy</button>'
  const scripts = scriptTag() + scriptTag() + scriptTag('pebblepay') + scriptTag('pebblepay')
  const { page, close } = await opened(shopPage('', body + scripts))
  await page.getByRole('button', { name: 'Buy' }).click()
  await dialogFrame(page).locator('#email').waitFor()
  expect(await page.locator('dialog').count()).toBe(1)
  await close()
})

test('any element is a button, also one that is made later, and by key as by click', async () => {
  const { page, close } = await opened(shopPage(scriptTag(), '<main></main>'))
  await page.evaluate(() => {
    const late = document.createElement('div')
    late.textContent = 'Buy late'
    late.setAttribute('data-payhook', 'checkout')
    late.setAttribute('data-amount', '8')
    document.querySelector('main')?.append(late)
  })
  const button = page.getByRole('button', { name: 'Buy late' })
  await button.focus()
  await page.keyboard.press(' ')
  await dialogFrame(page).getByText('$8.00').first().waitFor()
  await close()
})

test("the guide's button and frame work as they are pasted", async () => {
  const own = (sample: string) => sample.replaceAll('YOUR_STORE_ID', store)
  const { page, close } = await opened(shopPage('', own(frameSample(world.url) + buttonSample(world.url))))
  await page.frameLocator('iframe[title=Checkout]').getByText('Premium Plan').first().waitFor()
  await page.getByRole('button', { name: 'Buy now' }).click()
  const said = page.waitForEvent('console')
  await pay(dialogFrame(page))
  expect((await said).text()).toMatch(/^paid PP-/)
  await page.goto(own(linkSample(world.url)))
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
  const policy = `default-src 'none'; script-src 'nonce-shop' ${world.url}; frame-src ${world.url}; style-src 'none'`
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
  const policy = `default-src 'none'; script-src 'nonce-shop' ${world.url}`
  const body = '<button data-payhook data-amount="9" data-product="Alone">Buy</button>'
  const url = shopPage('', body + scriptTag(), { 'Content-Security-Policy': policy })
  const { page, close } = await opened(url)
  await page.getByRole('button', { name: 'Buy' }).click()
  await page.waitForURL(`${world.url}/checkout/${store}**`)
  await page.getByText('Alone').waitFor()
  await close()
})

test('messages of anybody else neither close the dialog nor send the page away', async () => {
  const body = '<button data-payhook data-amount="9">Buy</button>'
  const { page, close } = await opened(shopPage('', body + scriptTag()))
  await page.getByRole('button', { name: 'Buy' }).click()
  await dialogFrame(page).locator('#email').waitFor()
  await page.evaluate(async () => {
    for (const action of ['close', 'redirect']) {
      window.postMessage({ type: 'payhook:dialog', action, url: 'https://evil.example/' }, '*')
    }
    await new Promise((resolve) => setTimeout(resolve))
  })
  expect(await page.locator('dialog').count()).toBe(1)
  expect(page.url()).toContain('/page')
  await close()
})

test('no other checkout can be put into a frame', async () => {
  const frame = `<iframe src="${world.url}/checkout/${store}?testMode=true&amount=5" width="480" height="700"></iframe>`
  const { page, close } = await opened(shopPage('', frame))
  await page.waitForLoadState('load')
  expect(page.frames().map((one) => one.url())).not.toContain(`${world.url}/checkout/${store}?testMode=true&amount=5`)
  expect(await page.frameLocator('iframe').locator('#email').count()).toBe(0)
  await close()
})
