import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectStore } from '../../server/domain/connections/service'
import { violationsOn } from '../support/axe'
import { startBrowser, visit } from '../support/browser'
import { heading } from '../support/browser-shop'
import { stripeShopForEachTest } from '../support/stripe/shop'

const bench = stripeShopForEachTest({ connect: true })
let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

async function onboard() {
  await connectStore(bench.shop.ctx, {})
  const link = bench.world.stripe.account.connect.links.at(-1)
  if (!link) throw new Error('there is a link')
  const { account, returnUrl, refreshUrl } = link
  const path = (address: string) => bench.world.url + new URL(address).pathname
  return { account, back: path(returnUrl), refresh: path(refreshUrl) }
}

/** Each in light and dark, on a desk and on a phone. */
const LOOKS = [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 375, height: 667 } },
] as const

describe.each(LOOKS)('a seller who comes back from Stripe ($colorScheme, $viewport.width wide)', (look) => {
  test('finds every page without fault, within the screen, and the way on', async () => {
    const { account, back, refresh } = await onboard()
    const { page, complaints, close } = await visit(browser, bench.world.url, look)
    const expectSound = async (title: string) => {
      await heading(page, title)
      expect(await violationsOn(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    }
    const { change, complete, deauthorize } = bench.world.stripe.account.connect
    await page.goto(back)
    await expectSound('Stripe still has questions')
    expect(await page.getByRole('link', { name: 'Go on at Stripe' }).getAttribute('href')).toBe(
      new URL(refresh).pathname,
    )
    change(account, { isSubmitted: true, disabledReason: 'under_review', due: [] })
    await page.goto(back)
    await expectSound('Your store cannot take cards yet')
    complete(account)
    await page.goto(refresh)
    await expectSound('Your store can take cards')
    deauthorize(account)
    await page.goto(refresh)
    await expectSound('Your account is not connected any more')
    expect(complaints).toEqual([])
    bench.world.stripe.trouble = () => 'cut_before'
    await page.goto(back)
    await expectSound('Stripe did not answer')
    await page.goto(`${bench.world.url}/connect/nothing/return`)
    await expectSound('This link is not valid any more')
    await close()
  })
})
