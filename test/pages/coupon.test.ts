import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOrder } from '../../server/domain/payments/creation'
import { applyCoupon } from '../../server/domain/payments/session-coupon'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { addCoupon } from '../support/coupons'
import { openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const order = (code?: string) =>
  createOrder(shop.ctx, { product_id: shop.product.id, metadata: {}, ...(code && { coupon_code: code }) })

test.each([
  ['en-US', 'The coupon was used already', '$19.00'],
  ['de-DE', 'Der Gutschein wurde schon benutzt', '19,00'],
])(
  'who has used their coupon sees the full price before any charge, and pays it by agreeing (%s)',
  async (language, title, price) => {
    const code = `ONCE-${language}`
    await addCoupon(shop, code, { max_uses_per_customer: 1 })
    const [first, second] = [await order(code), await order(code)]
    const buyer = createBuyer(world, language)
    await buyer.submit(`/checkout/${first.sessionId}`)
    const asked = await buyer.submit(`/checkout/${second.sessionId}`)
    const page = await asked.text()
    expect(asked.status).toBe(409)
    expect(page).toContain(title)
    expect(page).toContain(price)
    expect((await shop.ledger(second.id)).attempts).toEqual([])
    const fields = { ...hiddenFields(page), ...CARD_FORM }
    expect((await buyer.post(`/checkout/${second.sessionId}`, fields)).status).toBe(303)
    expect((await shop.ledger(first.id)).order).toMatchObject({ status: 'completed', amountMinor: 1_710n })
    expect((await shop.ledger(second.id)).order).toMatchObject({ status: 'completed', amountMinor: 1_900n })
  },
)

test('a page that shows another price than the order has now charges nothing and shows the new one', async () => {
  await addCoupon(shop, 'TAB')
  const { id, sessionId } = await order()
  const path = `/checkout/${sessionId}`
  const buyer = createBuyer(world)
  const old = hiddenFields(await (await buyer.get(path)).text())
  await applyCoupon(shop.deps, sessionId, 'tab')
  const answer = await buyer.post(path, { ...old, ...CARD_FORM })
  expect([answer.status, (await answer.text()).includes('It is $17.10 now.')]).toEqual([409, true])
  expect((await shop.ledger(id)).attempts).toEqual([])
})
