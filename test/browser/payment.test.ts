import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { storeContext } from '../../server/context'
import { addAddresses } from '../../server/domain/addresses/service'
import type { NewPayment, NewSimulation } from '../../server/domain/crypto/schema'
import { createPayment } from '../../server/domain/crypto/service'
import { simulate } from '../../server/domain/crypto/simulation'
import { violationsOn } from '../support/axe'
import { heading, useBrowserShop } from '../support/browser-shop'
import { evmAddress } from '../support/crypto'

const stage = useBrowserShop()

async function open(extra: Partial<NewPayment> = {}) {
  const { store } = await stage.world.openStore('Ada’s Workshop')
  const ctx = storeContext(stage.world.deps, store.storeId, true)
  await addAddresses(ctx, { network: 'bsc', address: evmAddress(1) })
  const payment = await createPayment(ctx, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt', ...extra })
  const play = (action: NewSimulation['action'], more: Partial<NewSimulation> = {}) =>
    simulate(ctx, { payment_number: payment.number, action, ...more })
  return { url: `${stage.world.url}/pay/${payment.token}`, payment, play }
}

const loads = (page: Page) =>
  page.evaluate(() => performance.getEntriesByType('navigation').length + (window.name === 'same' ? 0 : 1))

test('from the code to confirmed and back to the stage.shop, without a reload', async () => {
  const { url, play } = await open({ redirect_url: `${stage.world.url}/healthz` })
  await stage.visiting({ permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
    await page.goto(url)
    await page.evaluate(() => {
      window.name = 'same'
    })
    await page.locator('svg.qr').first().waitFor()
    expect(await page.locator('time[data-until] .scripted').textContent()).toMatch(/^(30:00|29:\d\d)$/)
    await page.getByRole('button', { name: 'Copy the address' }).click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(evmAddress(1))
    await page.getByRole('button', { name: 'Copy the amount' }).click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('50.000000')
    await play('underpay')
    await heading(page, 'A part has arrived')
    expect(await page.locator('#pay-amount').textContent()).toContain('25.000000')
    await play('detect')
    await heading(page, 'Your payment was seen')
    await play('confirm', { blocks: 6 })
    await page.locator('.steps', { hasText: '7 of 15 confirmations' }).waitFor()
    expect(await page.locator('progress').getAttribute('value')).toBe('7')
    await play('confirm')
    await heading(page, 'Paid')
    expect(await loads(page)).toBe(1)
    await page.waitForURL(`${stage.world.url}/healthz`)
  })
})

test('where events do not come through, the page asks', async () => {
  const { url, play } = await open()
  const visitor = await stage.visit()
  await visitor.page.route('**/events?*', (route) => route.abort())
  await visitor.page.goto(url)
  await play('detect')
  await heading(visitor.page, 'Your payment was seen')
  await visitor.close()
})

test('without script the page is whole and looks by itself', async () => {
  const { url } = await open()
  await stage.visiting({ javaScriptEnabled: false }, async (page) => {
    await page.goto(url)
    await page.locator('svg.qr').first().waitFor()
    expect(await page.locator('.copy').first().isVisible()).toBe(false)
    expect(await page.content()).toMatch(/http-equiv="refresh" content="10"/)
  })
})

test.each([
  ['light', 320],
  ['dark', 390],
  ['light', 1280],
  ['dark', 1280],
] as const)('%s at %i px: nothing sticks out, and axe finds nothing', async (colorScheme, width) => {
  const states: [name: string, actions: NewSimulation['action'][]][] = [
    ['waiting', []],
    ['short', ['underpay']],
    ['seen', ['detect']],
    ['confirmed', ['confirm']],
    ['expired', ['expire']],
    ['late', ['late']],
  ]
  await stage.visiting(
    { colorScheme, viewport: { width, height: 800 }, locale: width === 390 ? 'de-DE' : 'en-US' },
    async (page) => {
      for (const [name, actions] of states) {
        const { url, play } = await open()
        for (const action of actions) await play(action)
        await page.goto(url)
        await page.locator('h1').waitFor()
        expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(width)
        expect(await violationsOn(page), name).toEqual([])
      }
    },
  )
})
