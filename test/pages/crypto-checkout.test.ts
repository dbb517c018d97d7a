import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../server/app'
import { addAddresses } from '../../server/domain/addresses/service'
import { growSimulatedChains } from '../../server/domain/crypto/simulation'
import { NewOrder } from '../../server/domain/orders/schema'
import { findCheckout } from '../../server/domain/payments/checkout'
import { createOrder } from '../../server/domain/payments/creation'
import { createProduct } from '../../server/domain/products/service'
import { MINUTE_MS } from '../../server/kernel/clock'
import { formatStoreId } from '../../server/kernel/ids'
import type { Network } from '../../server/ports/network'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { addCoupon } from '../support/coupons'
import { evmAddress } from '../support/crypto'
import { type CryptoShop, openCryptoShop } from '../support/crypto-shop'
import { createWorld, type World } from '../support/world'

let world: World
let shop: CryptoShop
beforeAll(async () => {
  world = await createWorld()
  shop = await openCryptoShop(world, 50)
})
afterAll(() => world.close())

const CHOICE = { method: 'crypto', email: 'buyer@example.com', pay_in: 'bsc.usdt' }
const store = () => formatStoreId(shop.ctx.storeId)

/** Opens a checkout, chooses crypto there, and answers the session that the buyer is sent to. */
async function choose(path: string, extra: Record<string, string> = {}) {
  const buyer = createBuyer(world)
  const page = await (await buyer.get(path)).text()
  const answer = await buyer.post(path, { ...formFields(page), ...CHOICE, ...extra })
  const location = answer.headers.get('location') ?? ''
  return { buyer, answer, location, session: /cs_[^/?]*/.exec(location)?.[0] ?? '' }
}

/** Of the form for crypto: the coupon's form has hidden fields too. */
function formFields(page: string): Record<string, string> {
  return hiddenFields(page.slice(page.indexOf('data-crypto-form')))
}

describe('crypto is offered beside the card', () => {
  const order = () => createOrder(shop.ctx, NewOrder.parse({ product_id: shop.product.id }))
  const WAYS: readonly (readonly [string, () => Promise<string>])[] = [
    ['a product', async () => `/checkout/${shop.product.id}`],
    ['a session', async () => `/checkout/${(await order()).sessionId}`],
    ['a link', async () => `/checkout/${store()}?testMode=true&amount=19.00&product=Plan`],
    ['a frame', async () => `/checkout/embed?store_id=${store()}&testMode=true&amount=19.00&product=Plan`],
  ]
  test.each(WAYS)('on the page of %s, up to the receipt', async (_, open) => {
    const path = await open()
    const { buyer, answer, location, session } = await choose(path)
    expect(answer.status).toBe(303)
    expect(location.includes('/embed/')).toBe(path.includes('/embed'))
    const page = await (await buyer.get(location)).text()
    for (const words of ['19.000000', 'USDT', 'BNB Smart Chain', 'class="qr"', 'Pay another way']) {
      expect(page).toContain(words)
    }
    const [at = '', query = ''] = location.split('?')
    const press = (action: string) => buyer.post(`${at}/simulate?${query}`, { action })
    expect((await press('detect')).headers.get('location')).toBe(location)
    expect(await (await buyer.get(location)).text()).toContain('1 of 15 confirmations')
    await press('confirm')
    expect((await findCheckout(world.deps, session)).state).toBe('paid')
    expect(await (await buyer.get(location)).text()).toContain('USDT, BNB Smart Chain')
  })

  test('with the coupon of the page, which is taken once', async () => {
    await addCoupon(shop, 'LESS', { discount_basis_points: 5_000, max_uses: 1 })
    const { session, buyer, location } = await choose(`/checkout/${shop.product.id}?coupon=LESS`)
    const { crypto, order } = await findCheckout(world.deps, session)
    expect([crypto?.amountUsdCents, order.amountMinor]).toEqual([950n, 950n])
    expect(await (await buyer.get(location)).text()).toContain('LESS')
  })

  test('not for a price that is not converted, nor where the store has no address', async () => {
    const euros = await createOrder(shop.ctx, NewOrder.parse({ amount_cents: 1_900, currency: 'eur' }))
    const path = `/checkout/${euros.sessionId}`
    const page = await (await createBuyer(world).get(path)).text()
    expect(page).not.toContain('data-crypto-form')
    const answer = await createBuyer(world).post(path, { ...hiddenFields(page), ...CHOICE })
    expect(answer.status).toBe(409)
    expect(await answer.text()).toContain('not in US dollars')
    const bare = await openCryptoShop(world, 0)
    const own = await (await createBuyer(world).get(`/checkout/${bare.product.id}`)).text()
    expect(own).not.toContain('data-crypto-form')
  })

  test('nor where nothing is to be paid', async () => {
    await addCoupon(shop, 'GIFT', { discount_basis_points: 10_000 })
    const page = await (await createBuyer(world).get(`/checkout/${shop.product.id}?coupon=GIFT`)).text()
    expect(page).not.toContain('data-crypto-form')
  })
})

describe('the form for crypto', () => {
  test('says what is missing, keeps what was typed, and shows its own tab again', async () => {
    const { answer } = await choose(`/checkout/${shop.product.id}`, { email: 'nobody', pay_in: 'tron.busd' })
    expect(answer.status).toBe(422)
    const text = await answer.text()
    expect(text).toMatch(/id="by-crypto" checked/)
    expect(text).toContain('Choose a coin and its network.')
    expect(text).toContain('value="nobody"')
    expect(text.match(/role="alert" tabindex="-1" autofocus/g)).toHaveLength(1)
  })

  test('a network that the store has no address on is refused in words', async () => {
    const { answer } = await choose(`/checkout/${shop.product.id}`, { pay_in: 'tron.usdt' })
    expect(answer.status).toBe(409)
    expect(await answer.text()).toContain('does not take this coin')
  })

  test('another price than the one that was shown begins nothing', async () => {
    const { answer } = await choose(`/checkout/${shop.product.id}`, { shown: '1 usd' })
    expect(answer.status).toBe(409)
    expect(await answer.text()).toContain('The price has changed')
  })

  test('while every address is held, it says so and the card still works', async () => {
    const one = await openCryptoShop(world, 1)
    const path = `/checkout/${one.product.id}`
    await choose(path)
    const { answer, buyer } = await choose(path)
    expect(answer.status).toBe(503)
    const page = await answer.text()
    expect(page).toContain('Crypto is busy at the moment')
    const paid = await buyer.post(path, { ...hiddenFields(page), ...CARD_FORM, method: 'card' })
    const { state } = await findCheckout(world.deps, /cs_.*/.exec(paid.headers.get('location') ?? '')?.[0] ?? '')
    expect(state).toBe('paid')
  })
})

describe('a session that is paid in crypto', () => {
  test('is what its product’s page leads to, in two tabs too, and takes no card meanwhile', async () => {
    const path = `/checkout/${shop.product.id}`
    const { buyer, location, session } = await choose(path)
    expect((await buyer.get(path)).headers.get('location')).toBe(location)
    const card = await buyer.post(path, { session, shown: '1900 usd', ...CARD_FORM })
    expect(card.headers.get('location')).toBe(location)
    expect(await findCheckout(world.deps, session)).toMatchObject({ state: 'awaiting', attempt: null })
    const coupon = await buyer.post(`${location}/coupon`, { coupon: 'LESS' })
    expect([coupon.status, coupon.headers.get('location')]).toEqual([303, location])
  })

  test('goes back to the card as long as nothing has come', async () => {
    const { buyer, location, session } = await choose(`/checkout/${shop.product.id}`)
    expect((await buyer.post(`${location}/leave`, {})).headers.get('location')).toBe(location)
    const page = await (await buyer.get(location)).text()
    expect(page).toContain('data-card-form')
    await buyer.post(location, { ...hiddenFields(page), ...CARD_FORM, method: 'card' })
    expect((await findCheckout(world.deps, session)).order).toMatchObject({ status: 'completed', method: 'card' })
  })

  test('tells its changes by version and by events, and the last one is the payment of the order', async () => {
    const { location, session } = await choose(`/checkout/${shop.product.id}`)
    const { crypto } = await findCheckout(world.deps, session)
    const state = async (version: string) => fetch(`${world.url}${location}/state?version=${version}`)
    const first = (await (await state('none')).json()) as { version: string; kind: string }
    expect([first.kind, (await state(first.version)).status]).toEqual(['waiting', 204])
    const events = fetch(`${world.url}${location}/events?version=${first.version}`)
    await shop.play(crypto?.number ?? '', 'confirm')
    const told = await (await events).text()
    expect(told).toContain('"kind":"confirmed"')
    expect(told).toContain('data-forward')
  })

  test('sends the buyer back to the shop with what the shop wants to know', async () => {
    const order = await createOrder(
      shop.ctx,
      NewOrder.parse({ product_id: shop.product.id, success_url: 'https://shop.example/thanks' }),
    )
    const { buyer, location, session } = await choose(`/checkout/${order.sessionId}`)
    const waiting = await buyer.get(location)
    expect(waiting.headers.get('content-security-policy')).toContain("form-action 'self' https://shop.example")
    await buyer.post(`${location}/simulate`, { action: 'confirm' })
    const back = new URL((await buyer.get(location)).headers.get('location') ?? '')
    expect(back.origin).toBe('https://shop.example')
    expect(back.searchParams.get('transaction_id')).toBe((await findCheckout(world.deps, session)).order.transactionId)
  })

  test('is what the payment’s own address leads to', async () => {
    const { location, session, buyer } = await choose(`/checkout/${shop.product.id}`)
    const { crypto } = await findCheckout(world.deps, session)
    expect((await buyer.get(`/pay/${crypto?.token}`)).headers.get('location')).toBe(location)
  })
})

describe('what went wrong is said', () => {
  test('money that came too late, in the form that can still be paid', async () => {
    const { buyer, location, session } = await choose(`/checkout/${shop.product.id}`)
    await buyer.post(`${location}/simulate`, { action: 'expire' })
    await shop.play((await findCheckout(world.deps, session)).crypto?.number ?? '', 'late')
    const page = await (await buyer.get(location)).text()
    expect(page).toContain('Your payment came too late')
    expect(page).toContain('data-card-form')
  })

  test('a part that came before its session ended, instead of "nothing was charged"', async () => {
    const { buyer, location } = await choose(`/checkout/${shop.product.id}`)
    await buyer.post(`${location}/simulate`, { action: 'underpay' })
    await buyer.post(`${location}/simulate`, { action: 'expire' })
    world.clock.advance(61 * MINUTE_MS)
    const answer = await buyer.get(location)
    const text = await answer.text()
    expect(answer.status).toBe(410)
    expect(text).toContain('Too little has arrived')
    expect(text).not.toContain('nothing was charged')
  })

  test('too much, and money for what had been paid otherwise, on the receipt', async () => {
    const { buyer, location } = await choose(`/checkout/${shop.product.id}`)
    for (const action of ['overpay', 'confirm']) await buyer.post(`${location}/simulate`, { action })
    expect(await (await buyer.get(location)).text()).toContain('9.500000 USDT more than needed has arrived')
    const { order, payment } = await shop.begin()
    world.clock.advance(31 * MINUTE_MS)
    while (await growSimulatedChains(shop.ctx));
    await shop.pay(order.sessionId)
    await shop.findInTime(payment)
    await shop.play(payment.number, 'confirm')
    const receipt = await (await buyer.get(`/checkout/${order.sessionId}`)).text()
    expect(receipt).toContain('It had been paid another way when 19.000000 USDT arrived too')
  })

  test('a button that is pressed too late changes nothing', async () => {
    const { buyer, location, session } = await choose(`/checkout/${shop.product.id}`)
    for (const action of ['confirm', 'expire', 'detect', 'nonsense', '']) {
      expect((await buyer.post(`${location}/simulate`, { action })).status).toBe(303)
    }
    expect((await findCheckout(world.deps, session)).crypto?.creditedUnits).toBe(19n * 10n ** 18n)
    const foreign = await buyer.post(`${location}/simulate`, { action: 'detect' }, { Origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
  })
})

/** Nothing of it is asked for by a page. */
const unread = async () => Promise.reject(new Error('no block is read here'))
const BSC: Network = {
  name: 'bsc',
  head: unread,
  blockAt: unread,
  blockOf: unread,
  read: unread,
  refusal: async () => undefined,
}

test('in live mode crypto alone is a way to pay where no card gateway is; and no button plays a live payment', async () => {
  const live = { ...shop.ctx, isTest: false, networks: { bsc: BSC } }
  await addAddresses(live, { network: 'bsc', address: evmAddress(1_000 + Math.floor(Math.random() * 1e9)) })
  const product = await createProduct(live, { name: 'Kit', price_cents: 1_900, currency: 'usd', status: 'active' })
  const app = createApp({ ...world.deps, networks: { bsc: BSC }, rates: { ...world.deps.rates, live: [] } })
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => app.fetch(request) })
  try {
    const buyer = createBuyer({ url: `http://127.0.0.1:${server.port}` })
    const path = `/checkout/${product.id}`
    const page = await (await buyer.get(path)).text()
    expect([page.includes('data-card-form'), page.includes('data-crypto-form')]).toEqual([false, true])
    const location = (await buyer.post(path, { ...formFields(page), ...CHOICE })).headers.get('location') ?? 'nowhere'
    const waiting = await (await buyer.get(location)).text()
    expect(waiting).toContain('19.000000')
    expect(waiting).not.toContain('/simulate')
    expect((await buyer.post(`${location}/simulate`, { action: 'confirm' })).status).toBe(303)
    const { crypto } = await findCheckout(live, /cs_.*/.exec(location)?.[0] ?? '')
    expect(crypto).toMatchObject({ status: 'pending', creditedUnits: null })
    const euros = await createProduct(live, { name: 'Kit', price_cents: 1_900, currency: 'eur', status: 'active' })
    expect((await buyer.get(`/checkout/${euros.id}`)).status).toBe(503)
  } finally {
    await server.stop(true)
  }
  expect((await createBuyer(world).get(`/checkout/${product.id}`)).status).toBe(503)
})
