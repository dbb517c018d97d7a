import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { NewProduct } from '../../../server/domain/products/schema'
import { createProduct } from '../../../server/domain/products/service'
import { products } from '../../../server/domain/products/table'
import { callRest } from '../../support/calls'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const productsOf = ({ db, storeId }: Pick<StoreContext, 'db' | 'storeId'>) =>
  db.select().from(products).where(eq(products.storeId, storeId))

const create = (ctx: StoreContext, name: string) => createProduct(ctx, NewProduct.parse({ name, price_cents: 500 }))

test('products that many make at the same time are all there, each with what it was made of, in its own store and mode', async () => {
  const stores = [await world.openStore(), await world.openStore()]
  const calls = stores.flatMap(({ store, liveKey, testKey }) =>
    Array.from({ length: 60 }, (_, n) => {
      const body = { name: `Product ${n}`, price_cents: 100 + n, ...(n % 3 === 0 && { description: `Number ${n}` }) }
      const headers = { 'X-API-Key': n % 2 === 0 ? testKey : liveKey }
      return { store, n, call: () => callRest<{ id: string }>(world.url, 'POST', '/v1/products', { body, headers }) }
    }),
  )
  const answers = await Promise.all(calls.map(({ call }) => call()))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  const rows = (await Promise.all(stores.map(({ store }) => productsOf({ ...world.deps, ...store })))).flat()
  expect(rows).toHaveLength(120)
  for (const [at, { store, n }] of calls.entries()) {
    expect(rows.find(({ id }) => id === answers[at]?.body.id)).toMatchObject({
      storeId: store.storeId,
      isTest: n % 2 === 0,
      name: `Product ${n}`,
      priceMinor: BigInt(100 + n),
      description: n % 3 === 0 ? `Number ${n}` : null,
    })
  }
  const changes = world.log.filter(({ fields }) => fields.operation === 'products.create')
  expect(new Set(changes.map(({ fields }) => fields.request_id)).size).toBe(120)
})

test('what the database refuses one of several products for is only its own', async () => {
  const ctx = storeContext(world.deps, (await world.openStore()).store.storeId, true)
  // PostgreSQL takes no such character.
  const names = ['a', 'b', 'c\u0000', 'd', 'e']
  const outcomes = await Promise.allSettled(
    names.map((name) => createProduct(ctx, { ...NewProduct.parse({ name: 'x', price_cents: 500 }), name })),
  )
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect((await productsOf(ctx)).map(({ name }) => name).sort()).toEqual(['a', 'b', 'd', 'e'])
})

test('more than one statement takes are made too', async () => {
  const ctx = storeContext(world.deps, (await world.openStore()).store.storeId, true)
  const names = Array.from({ length: 45 }, (_, n) => `Product ${n}`)
  const rows = await Promise.all(names.map((name) => create(ctx, name)))
  expect(rows.map(({ name }) => name)).toEqual(names)
  expect((await productsOf(ctx)).map(({ name }) => name).sort()).toEqual([...names].sort())
})
