import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { findVariantForSale, itemOf, statusOf } from '../../../server/domain/payments/goods'
import { parseRowId, storeOfRowId } from '../../../server/kernel/ids'
import { createBuyer } from '../../support/buyer'
import { type Answer, callRest } from '../../support/calls'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const rest = (method: string, path: string, body?: unknown, key = shop.opened.testKey): Promise<Answer> =>
  callRest(world.url, method, path, { key, body })

const variants = () => `/v1/products/${shop.product.id}/variants`

const make = async (input: Record<string, unknown> = {}) =>
  (await rest('POST', variants(), { name: 'Team', price_cents: 4_900, ...input })).body as {
    id: string
    checkout_url: string
  }

describe('a variant', () => {
  test('has a price of its own in the currency of its product, and an id that names its store', async () => {
    const made = await rest('POST', variants(), {
      name: 'Team',
      price_cents: 4_900,
      license: { activation_limit: 5, duration_days: 365 },
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      product_id: shop.product.id,
      name: 'Team',
      price_cents: 4_900,
      currency: 'usd',
      status: 'active',
      license: { activation_limit: 5, duration_days: 365 },
    })
    expect(storeOfRowId(parseRowId('var', String(made.body.id)) ?? '')).toBe(shop.ctx.storeId)
    expect((await rest('GET', `/v1/variants/${made.body.id}`)).body).toEqual(made.body)
  })

  test('without licence terms sells no keys; terms that are left out have no limit', async () => {
    expect(await make()).toMatchObject({ license: null })
    expect(await make({ license: {} })).toMatchObject({ license: { activation_limit: null, duration_days: null } })
  })

  test('changes only in what is sent, and loses its terms by null', async () => {
    const { id } = await make({ license: { activation_limit: 2 } })
    const renamed = await rest('PATCH', `/v1/variants/${id}`, { name: 'Studio' })
    expect(renamed.body).toMatchObject({ name: 'Studio', price_cents: 4_900, license: { activation_limit: 2 } })
    expect((await rest('PATCH', `/v1/variants/${id}`, { license: null })).body).toMatchObject({ license: null })
  })

  test('is listed with its product only, newest first, and no longer once it is archived', async () => {
    const product = await shop.sell(700)
    const path = `/v1/products/${product.id}/variants`
    const ids: unknown[] = []
    for (const name of ['First', 'Second', 'Third']) {
      world.clock.advance(1_000)
      ids.unshift((await rest('POST', path, { name, price_cents: 700 })).body.id)
    }
    const idsOf = ({ body }: Answer) => (body.variants as { id: string }[]).map(({ id }) => id)
    const page = await rest('GET', `${path}?limit=2`)
    expect(idsOf(page)).toEqual(ids.slice(0, 2))
    expect(idsOf(await rest('GET', `${path}?limit=2&cursor=${page.body.next_cursor}`))).toEqual(ids.slice(2))
    for (const _ of [1, 2]) {
      expect((await rest('DELETE', `/v1/variants/${ids[0]}`)).body).toMatchObject({ status: 'archived' })
    }
    expect(idsOf(await rest('GET', path))).toEqual(ids.slice(1))
    expect(idsOf(await rest('GET', `${path}?status=archived`))).toEqual(ids.slice(0, 1))
  })

  test.each([
    [{ name: '', price_cents: 4_900 }, 'name'],
    [{ name: 'Team', price_cents: 49 }, 'price_cents'],
    [{ name: 'Team', price_cents: 4_900, license: { activation_limit: 0 } }, 'license.activation_limit'],
    [{ name: 'Team', price_cents: 4_900, license: { duration_days: 0.5 } }, 'license.duration_days'],
    [{ name: 'Team', price_cents: 4_900, license: { seats: 1 } }, 'license.seats'],
  ])('is refused with the field at fault: %j', async (input, field) => {
    expect(await rest('POST', variants(), input)).toMatchObject({ status: 400, body: { field } })
  })

  test('of another store, or of the other mode, is not found by any call', async () => {
    const { id } = await make()
    const stranger = await world.openStore('Other')
    for (const key of [stranger.testKey, shop.opened.liveKey]) {
      const answers = [
        await rest('GET', `/v1/variants/${id}`, undefined, key),
        await rest('PATCH', `/v1/variants/${id}`, { name: 'Mine' }, key),
        await rest('DELETE', `/v1/variants/${id}`, undefined, key),
        await rest('GET', variants(), undefined, key),
        await rest('POST', variants(), { name: 'Mine', price_cents: 100 }, key),
      ]
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    }
    expect((await rest('GET', `/v1/variants/${id}`)).body).toMatchObject({ name: 'Team', status: 'active' })
  })

  test('an id that no variant has is not found, whatever it looks like', async () => {
    const { id } = await make()
    const ids = [`${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`, 'var_abc123', shop.product.id, id.toUpperCase()]
    for (const wrong of ids) {
      expect(await rest('GET', `/v1/variants/${wrong}`)).toMatchObject({
        status: 404,
        body: { code: 'variant_not_found' },
      })
    }
  })
})

test('its checkout link sells it at its price, and the receipt shows the key', async () => {
  const made = await make({ license: { activation_limit: 2 } })
  const link = new URL(made.checkout_url)
  const buyer = createBuyer(world)
  const page = await (await buyer.get(link.pathname + link.search)).text()
  expect(page).toContain('Kit – Team')
  expect(page).toContain('$49.00')
  const paid = await buyer.submit(link.pathname + link.search)
  const session = paid.headers.get('location') ?? ''
  const { license } = (await rest('GET', `/v1/orders/${session.split('/').pop()}`)).body as { license: { key: string } }
  const receipt = await (await buyer.get(session)).text()
  expect(receipt).toContain(license.key)
  expect(receipt).toContain('You can use it at 2 places at a time.')
})

test('a buyer without a key finds a variant by its id, with its price and mode', async () => {
  const { id } = await make()
  const found = await findVariantForSale(world.deps, id)
  expect(found.ctx).toMatchObject({ storeId: shop.ctx.storeId, isTest: true })
  expect(itemOf(found)).toMatchObject({ name: 'Kit – Team', priceMinor: 4_900n, currency: 'usd' })
  await expect(findVariantForSale(world.deps, 'var_abc123')).rejects.toMatchObject({ code: 'variant_not_found' })
})

test('a variant is for sale while it and its product are active', async () => {
  const ctx = storeContext(world.deps, shop.ctx.storeId, true)
  const product = await shop.sell(700)
  const { id } = (await rest('POST', `/v1/products/${product.id}/variants`, { name: 'Solo', price_cents: 700 })).body
  const status = async () => statusOf(await findVariantForSale(ctx, String(id)))
  expect(await status()).toBe('active')
  await rest('PATCH', `/v1/variants/${id}`, { status: 'draft' })
  expect(await status()).toBe('draft')
  await rest('PATCH', `/v1/variants/${id}`, { status: 'active' })
  await rest('DELETE', `/v1/products/${product.id}`)
  expect(await status()).toBe('archived')
})
