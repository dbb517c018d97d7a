import { expect, test } from 'vitest'
import { violationsOn } from '../support/axe'
import { createBilledWorld, openMerchant } from '../support/billing'
import { heading, useBrowserShop } from '../support/browser-shop'

const stage = useBrowserShop(createBilledWorld)

test.each([true, false])('by the keyboard alone up to the payment page; script: %s', async (javaScriptEnabled) => {
  const { key } = await openMerchant(stage.world)
  await stage.visiting({ javaScriptEnabled }, async (page) => {
    await page.goto(`${stage.world.url}/topup`)
    const press = async (...keys: string[]) => {
      for (const one of keys) await page.keyboard.press(one)
    }
    await press('Tab')
    await page.keyboard.type(key)
    await press('Tab')
    await page.keyboard.type('20')
    await press('Enter')
    // What is missing has the focus, and leads to its field.
    expect(await page.locator(':focus').getAttribute('id')).toBe('summary')
    expect(await page.locator('#key').inputValue()).toBe('')
    await press('Tab', 'Enter', 'Tab', 'ArrowDown', 'Shift+Tab', 'Shift+Tab')
    await page.keyboard.type(key)
    await press('Enter')
    await page.waitForURL(`${stage.world.url}/pay/**`)
    await heading(page, 'Waiting for your payment')
    expect(await page.content()).toContain('20.000000')
  })
})

test.each([
  ['light', 320],
  ['dark', 390],
  ['dark', 1280],
] as const)('%s at %i px: nothing sticks out, and axe finds nothing', async (colorScheme, width) => {
  const options = { colorScheme, viewport: { width, height: 800 }, locale: width === 390 ? 'de-DE' : 'en-US' }
  await stage.visiting(options, async (page) => {
    await page.goto(`${stage.world.url}/topup`)
    const look = async (name: string) => {
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(width)
      expect(await violationsOn(page), name).toEqual([])
      const folder = process.env.SCREENSHOTS
      if (folder) await page.screenshot({ path: `${folder}/topup-${name}-${colorScheme}-${width}.png`, fullPage: true })
    }
    await look('empty')
    await page.locator('label.choice', { hasText: 'TRON' }).click()
    await page.locator('#amount').fill('0.5')
    await page.locator('button[type=submit]').click()
    await page.locator('#summary').waitFor()
    await look('wrong')
  })
})
