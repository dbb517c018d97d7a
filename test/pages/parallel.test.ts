import { afterAll, beforeAll, expect, test } from 'vitest'
import { findCheckout } from '../../server/domain/payments/checkout'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

const POSTS = 100

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

/** A redirect to the session, or a page of ours: never a bare error. */
async function expectDesigned(answer: Response, session: string): Promise<void> {
  const text = await answer.text()
  expect(answer.status, text).toBeLessThan(500)
  if (answer.status === 303) return expect(answer.headers.get('location')).toBe(`/checkout/${session}`)
  expect(answer.headers.get('content-type')).toContain('text/html')
  expect(text).toContain('<h1')
}

test.each([
  ['pay', CARD_FORM.number, 1],
  ['wait for the bank', '4000 0000 0000 1091', 0],
])(
  `${POSTS} posts of one session at once that %s are one charge, and every answer is a page or a redirect`,
  async (_, number, sales) => {
    const path = `/checkout/${shop.product.id}`
    const buyer = createBuyer(world)
    const fields = hiddenFields(await (await buyer.get(path)).text())
    const session = fields.session ?? ''
    const post = () => buyer.post(path, { ...fields, ...CARD_FORM, number })
    const answers = await Promise.all(Array.from({ length: POSTS }, post))
    for (const answer of answers) await expectDesigned(answer, session)
    const { order } = await findCheckout(world.deps, session)
    const ledger = await shop.ledger(order.id)
    expect(ledger.attempts).toHaveLength(1)
    expect(ledger.entries).toHaveLength(sales)
    expect(ledger.events).toHaveLength(sales)
    expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
  },
)

test(`${POSTS} posts at once of the bank's confirmation are one sale`, async () => {
  const path = `/checkout/${shop.product.id}`
  const buyer = createBuyer(world)
  const session = ((await buyer.submit(path, { number: '5200 0000 0000 1096' })).headers.get('location') ?? '')
    .split('/')
    .at(-1)
  const confirm = () => buyer.post(`/checkout/${session}/challenge`, { result: 'complete' })
  const answers = await Promise.all(Array.from({ length: POSTS }, confirm))
  for (const answer of answers) await expectDesigned(answer, session ?? '')
  const { order } = await findCheckout(world.deps, session ?? '')
  const ledger = await shop.ledger(order.id)
  expect([order.status, ledger.entries.length, ledger.events.length]).toEqual(['completed', 1, 1])
})
