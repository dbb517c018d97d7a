import { afterAll, beforeAll, expect, test } from 'vitest'
import { findCheckout } from '../../server/domain/payments/checkout'
import { createOrder } from '../../server/domain/payments/creation'
import { applyCoupon } from '../../server/domain/payments/session-coupon'
import { formatStoreId } from '../../server/kernel/ids'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { addCoupon, usesOf } from '../support/coupons'
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

const link = (query: string) => `/checkout/${formatStoreId(shop.ctx.storeId)}?testMode=true&${query}`
const locationOf = (response: Response) => response.headers.get('location') ?? ''
const orderOf = async (response: Response) =>
  (await findCheckout(shop.deps, /cs_test_\w+/.exec(locationOf(response))?.[0] ?? '')).order

test('a coupon is entered, applied and taken off on the page of a session, without script', async () => {
  await addCoupon(shop, 'PAGE')
  const path = `/checkout/${(await order()).sessionId}`
  const buyer = createBuyer(world)
  const enter = (fields: Record<string, string>) => buyer.post(`${path}/coupon`, fields)
  const refused = await enter({ coupon: 'NOSUCH' })
  expect([refused.status, (await refused.text()).includes('There is no such coupon. Check its spelling.')]).toEqual([
    422,
    true,
  ])
  expect((await enter({ coupon: ' ' })).status).toBe(422)
  expect(locationOf(await enter({ coupon: ' page ' }))).toBe(path)
  const page = await (await buyer.get(path)).text()
  for (const words of ['PAGE', '−$1.90', '$17.10', 'Remove the coupon PAGE']) expect(page).toContain(words)
  expect(locationOf(await enter({ intent: 'remove' }))).toBe(path)
  expect(await (await buyer.get(path)).text()).not.toContain('$17.10')
})

test('a link may come with its coupon, which is taken with the payment and not by a visit', async () => {
  const id = await addCoupon(shop, 'LINK', { max_uses: 1 })
  const path = link('amount=40&product=Cap&coupon=link')
  const [first, second] = [createBuyer(world), createBuyer(world)]
  for (const buyer of [first, second]) expect(await (await buyer.get(path)).text()).toContain('$36.00')
  expect(await usesOf(shop, id)).toBe(0)
  const late = hiddenFields(await (await second.get(path)).text())
  expect(await orderOf(await first.submit(path))).toMatchObject({ amountMinor: 3_600n, couponCode: 'LINK' })
  const refused = await second.post(path, { ...late, ...CARD_FORM })
  const page = await refused.text()
  expect([refused.status, page.includes('$40.00')]).toEqual([409, true])
  expect(await (await second.get(path)).text()).toContain('This coupon has been used up.')
  expect(await orderOf(await second.submit(path))).toMatchObject({ amountMinor: 4_000n, couponCode: null })
})

test('who has used the coupon of a link is shown the full price, and can pay it', async () => {
  await addCoupon(shop, 'MINE', { max_uses_per_customer: 1 })
  const path = link('amount=40&product=Mug&coupon=MINE')
  const paid = await createBuyer(world).submit(path)
  expect(await orderOf(paid)).toMatchObject({ amountMinor: 3_600n })
  const buyer = createBuyer(world)
  const refused = await buyer.submit(path)
  const page = await refused.text()
  expect([refused.status, page.includes('used already with this e-mail address')]).toEqual([409, true])
  const action = /action="([^"]+)" class="form"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(await orderOf(await buyer.post(action, { ...hiddenFields(page), ...CARD_FORM }))).toMatchObject({
    ...{ amountMinor: 4_000n, status: 'completed' },
  })
})

test('a product takes a coupon too, in its address as on its page', async () => {
  await addCoupon(shop, 'KIT')
  const buyer = createBuyer(world)
  const path = `/checkout/${shop.product.id}?coupon=kit`
  expect(await (await buyer.get(path)).text()).toContain('$17.10')
  expect(await orderOf(await buyer.submit(path))).toMatchObject({ amountMinor: 1_710n, couponCode: 'KIT' })
})

test('what a coupon pays for whole asks for an address only, and has a receipt', async () => {
  await addCoupon(shop, 'GIFT', { discount_basis_points: 10_000 })
  for (const path of [link('amount=40&product=Gift&coupon=GIFT'), `/checkout/${(await order('GIFT')).sessionId}`]) {
    const buyer = createBuyer(world)
    const page = await (await buyer.get(path)).text()
    expect(page).toContain('Nothing to pay')
    expect(page).not.toContain('cc-number')
    const fields = hiddenFields(page)
    expect((await buyer.post(path, { ...fields, email: 'nobody' })).status).toBe(422)
    const done = await buyer.post(path, { ...fields, email: 'gift@example.com' })
    expect(await orderOf(done)).toMatchObject({
      amountMinor: 0n,
      status: 'completed',
      customerEmail: 'gift@example.com',
    })
    expect(await (await buyer.get(locationOf(done))).text()).toContain('Thank you')
  }
})
