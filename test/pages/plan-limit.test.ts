import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { storeContext } from '../../server/context'
import { addAddresses } from '../../server/domain/addresses/service'
import { setOverage } from '../../server/domain/billing/service'
import { NewOrder } from '../../server/domain/orders/schema'
import { findCheckout } from '../../server/domain/payments/checkout'
import { createOrder } from '../../server/domain/payments/creation'
import { createProduct } from '../../server/domain/products/service'
import { formatStoreId } from '../../server/kernel/ids'
import { confirmAtOnce, createBilledWorld } from '../support/billing'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { addCoupon } from '../support/coupons'
import { evmAddress } from '../support/crypto'
import { openShop } from '../support/shop'
import type { World } from '../support/world'

/** What buyers meet where the seller's plan lets no further payment in crypto be made: never a word of what the seller pays. */

let world: World
beforeAll(async () => {
  world = await createBilledWorld()
  // Live payments on a network that nobody watches here.
  Object.assign(world.deps.networks, { ethereum: {} })
  world.deps.rates.live = world.deps.rates.test
})
afterAll(() => world.close())

let nth = 0
beforeEach(() => {
  nth += 1
})

/** In test mode cards are taken too; in live mode this server has no gateway, so that crypto is the only way. */
async function openCryptoShop(isTest: boolean) {
  const { opened } = await openShop(world)
  const ctx = storeContext(world.deps, opened.store.storeId, isTest)
  await addAddresses(ctx, { network: 'ethereum', address: evmAddress(nth) })
  const { id } = await createProduct(ctx, { name: 'Kit', price_cents: 1_900, currency: 'usd', status: 'active' })
  const order = () => createOrder(ctx, NewOrder.parse({ product_id: id }))
  const reachLimit = async () => {
    for (let n = 0; n < 2; n++) await confirmAtOnce(ctx)
  }
  return { ctx, opened, order, reachLimit, path: `/checkout/${id}` }
}

const CRYPTO = { method: 'crypto', email: 'buyer@example.com', pay_in: 'ethereum.usdt' }
const SELLERS_BUSINESS = /\bplan\b|quota|upgrade|top up|balance|payhook|limit/i

const wordsOf = (html: string) =>
  html.slice(html.indexOf('<body')).replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/g, ' ')

test('with cards, crypto is not offered, and the card works', async () => {
  const shop = await openCryptoShop(true)
  const buyer = createBuyer(world)
  expect(await (await buyer.get(shop.path)).text()).toContain('data-crypto-form')
  await shop.reachLimit()
  const page = await (await buyer.get(shop.path)).text()
  expect(page).not.toContain('data-crypto-form')
  expect(wordsOf(page)).not.toMatch(SELLERS_BUSINESS)
  const paid = await buyer.post(shop.path, { ...hiddenFields(page), ...CARD_FORM })
  const session = /cs_[^/?]*/.exec(paid.headers.get('location') ?? '')?.[0] ?? ''
  expect((await findCheckout(world.deps, session)).state).toBe('paid')
})

test('who has the form open already is told to pay another way, and can', async () => {
  const shop = await openCryptoShop(true)
  const buyer = createBuyer(world)
  const form = await (await buyer.get(shop.path)).text()
  await shop.reachLimit()
  const refused = await buyer.post(shop.path, { ...hiddenFields(form), ...CRYPTO })
  const page = await refused.text()
  expect([refused.status, page.includes('Crypto cannot be taken at the moment')]).toEqual([503, true])
  expect(wordsOf(page)).not.toMatch(SELLERS_BUSINESS)
  expect(page).toContain('data-card-form')
  const paid = await buyer.post(shop.path, { ...hiddenFields(page), ...CARD_FORM })
  const session = /cs_[^/?]*/.exec(paid.headers.get('location') ?? '')?.[0] ?? ''
  expect((await findCheckout(world.deps, session)).state).toBe('paid')
})

test('where crypto is the only way, the page says that nothing can be paid now, and nothing else', async () => {
  const shop = await openCryptoShop(false)
  const buyer = createBuyer(world)
  const { sessionId } = await shop.order()
  const form = await (await buyer.get(`/checkout/${sessionId}`)).text()
  expect(form).toContain('data-crypto-form')
  await shop.reachLimit()
  for (const path of [shop.path, `/checkout/${sessionId}`]) {
    const refused = await buyer.get(path)
    const page = await refused.text()
    expect([refused.status, page.includes('This store cannot take payments at the moment')]).toEqual([503, true])
    expect(page).not.toContain('<form')
    expect(wordsOf(page)).not.toMatch(SELLERS_BUSINESS)
  }
  const german = await createBuyer(world, 'de-DE').get(shop.path)
  expect(await german.text()).toContain('Dieser Shop kann im Moment keine Zahlungen annehmen')
  const late = await buyer.post(`/checkout/${sessionId}`, { ...hiddenFields(form), ...CRYPTO })
  expect([late.status, (await late.text()).includes('This store cannot take payments')]).toEqual([503, true])
  // Orders can be made meanwhile, and paid as soon as the seller can take payments again.
  await shop.order()
  await setOverage(shop.ctx, { allow_overage: true })
  const again = await buyer.post(`/checkout/${sessionId}`, { ...hiddenFields(form), ...CRYPTO })
  expect(again.status).toBe(303)
})

test('a payment that was begun before goes on, and what costs nothing can be had', async () => {
  const shop = await openCryptoShop(false)
  const buyer = createBuyer(world)
  const path = `/checkout/${(await shop.order()).sessionId}`
  const form = await (await buyer.get(path)).text()
  expect((await buyer.post(path, { ...hiddenFields(form), ...CRYPTO })).status).toBe(303)
  await shop.reachLimit()
  const page = await buyer.get(path)
  expect([page.status, (await page.text()).includes('Waiting for your payment')]).toEqual([200, true])
  await addCoupon(shop, 'GIFT', { discount_basis_points: 10_000 })
  const link = `/checkout/${formatStoreId(shop.ctx.storeId)}?amount=19&coupon=GIFT`
  const free = await buyer.get(link)
  expect([free.status, (await free.text()).includes('Nothing to pay')]).toEqual([200, true])
})
