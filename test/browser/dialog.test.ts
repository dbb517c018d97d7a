import { expect, test } from 'vitest'
import { dialogFrame, heardBy, hears, pay, useShopPages } from '../support/shop-pages'

/** Buttons of a shop's page, and the dialog that each opens, in a real browser. */
const shop = useShopPages()
const { opened, scriptTag, shopPage } = shop

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
  expect(await hears(page, 'payhook:payment_complete')).toMatchObject({ origin: shop.world.url, amount: 7 })
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
  const before = page.url()
  await page.getByRole('button', { name: 'Buy' }).click()
  await dialogFrame(page).locator('#email').waitFor()
  expect(page.url()).toBe(before)
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
