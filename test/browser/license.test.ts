import { expect, test } from 'vitest'
import { useBrowserShop } from '../support/browser-shop'
import { buyLicense, sellLicensed } from '../support/licenses'

const stage = useBrowserShop()

async function bought() {
  const { order, key } = await buyLicense(
    stage.shop,
    await sellLicensed(stage.shop, { activation_limit: 3, duration_days: 365 }),
  )
  return { key, receipt: `${stage.world.url}/checkout/${order.sessionId}/receipt` }
}

test('one press copies the licence key of a receipt and says so', async () => {
  const { key, receipt } = await bought()
  const { page, complaints, close } = await stage.visit({
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  await page.goto(receipt)
  const button = page.locator('[data-copy]')
  expect(await button.textContent()).toBe('Copy')
  await button.click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key)
  expect(complaints).toEqual([])
  await close()
})

test('where the clipboard is refused, a press leaves the key selected', async () => {
  const { key, receipt } = await bought()
  const { page, close } = await stage.visit()
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  await page.goto(receipt)
  await page.locator('[data-copy]').click()
  expect(await page.evaluate(() => String(getSelection()).trim())).toBe(key)
  await close()
})

test('without script the key is there to be read, and no button that would do nothing', async () => {
  const { key, receipt } = await bought()
  const { page, close } = await stage.visit({ javaScriptEnabled: false })
  await page.goto(receipt)
  expect(await page.locator('#license-key').textContent()).toBe(key)
  expect(await page.locator('[data-copy]').isVisible()).toBe(false)
  await close()
})

test.each([320, 1_280])(
  'the key of a receipt %d pixels wide breaks at its dashes and nothing hangs over',
  async (width) => {
    const { receipt } = await bought()
    const { page, close } = await stage.visit({ viewport: { width, height: 800 } })
    await page.goto(receipt)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
    const code = page.locator('#license-key')
    const spills = await code.evaluate((element) => element.scrollWidth > element.clientWidth)
    expect(spills).toBe(false)
    await close()
  },
)
