import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContext } from '../../server/context'
import { addAddresses } from '../../server/domain/addresses/service'
import type { NewPayment, NewSimulation } from '../../server/domain/crypto/schema'
import { createPayment } from '../../server/domain/crypto/service'
import { simulate } from '../../server/domain/crypto/simulation'
import { startBrowser, visit } from '../support/browser'
import { evmAddress } from '../support/crypto'
import { createWorld, type World } from '../support/world'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let world: World
let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
  world = await createWorld()
})
afterAll(async () => {
  await browser?.close()
  await world?.close()
})

async function open(extra: Partial<NewPayment> = {}) {
  const { store } = await world.openStore('Ada’s Workshop')
  const ctx = storeContext(world.deps, store.storeId, true)
  await addAddresses(ctx, { network: 'bsc', address: evmAddress(1) })
  const payment = await createPayment(ctx, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt', ...extra })
  const play = (action: NewSimulation['action'], more: Partial<NewSimulation> = {}) =>
    simulate(ctx, { payment_number: payment.number, action, ...more })
  return { url: `${world.url}/pay/${payment.token}`, payment, play }
}

type Found = { violations: { id: string; nodes: { html: string }[] }[] }
type Options = Parameters<typeof visit>[2]

async function visiting(options: Options, work: (page: Page) => Promise<void>): Promise<void> {
  const visitor = await visit(browser, world.url, options)
  await work(visitor.page)
  expect(visitor.complaints).toEqual([])
  expect(visitor.strays).toEqual([])
  await visitor.close()
}

const heading = (page: Page, text: string) => page.locator('h1', { hasText: text }).waitFor()
const loads = (page: Page) =>
  page.evaluate(() => performance.getEntriesByType('navigation').length + (window.name === 'same' ? 0 : 1))

test('from the code to confirmed and back to the shop, without a reload', async () => {
  const { url, play } = await open({ redirect_url: `${world.url}/healthz` })
  await visiting({ permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
    await page.goto(url)
    await page.evaluate(() => {
      window.name = 'same'
    })
    await page.locator('svg.qr').first().waitFor()
    expect(await page.locator('time[data-until]').textContent()).toMatch(/^(30:00|29:\d\d)$/)
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
    await page.waitForURL(`${world.url}/healthz`)
  })
})

test('where events do not come through, the page asks', async () => {
  const { url, play } = await open()
  const visitor = await visit(browser, world.url)
  await visitor.page.route('**/events?*', (route) => route.abort())
  await visitor.page.goto(url)
  await play('detect')
  await heading(visitor.page, 'Your payment was seen')
  await visitor.close()
}, 40_000)

test('without script the page is whole and looks by itself', async () => {
  const { url } = await open()
  await visiting({ javaScriptEnabled: false }, async (page) => {
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
] as const)(
  '%s at %i px: nothing sticks out, and axe finds nothing',
  async (colorScheme, width) => {
    const states: [name: string, actions: NewSimulation['action'][]][] = [
      ['waiting', []],
      ['short', ['underpay']],
      ['seen', ['detect']],
      ['confirmed', ['confirm']],
      ['expired', ['expire']],
      ['late', ['late']],
    ]
    await visiting(
      { colorScheme, viewport: { width, height: 800 }, locale: width === 390 ? 'de-DE' : 'en-US' },
      async (page) => {
        for (const [name, actions] of states) {
          const { url, play } = await open()
          for (const action of actions) await play(action)
          await page.goto(url)
          await page.locator('h1').waitFor()
          expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(width)
          await page.evaluate(AXE)
          const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as Found
          expect(
            found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
            name,
          ).toEqual([])
        }
      },
    )
  },
  60_000,
)
