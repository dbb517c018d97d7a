import { afterAll, beforeAll, beforeEach } from 'vitest'
import { createOrder } from '../../../server/domain/payments/creation'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { payWithCard } from '../../../server/domain/payments/service'
import { HOUR_MS } from '../../../server/kernel/clock'
import { callRest } from '../../support/calls'
import { CARDS } from '../../support/cards'
import { held } from '../../support/held'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

export type Body = Record<string, unknown>

export const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

/** A shop of its own for each test of a file, and what its buyers do. */
export function useBuyers() {
  const world = held<World>('the world')
  const shop = held<Shop>('the shop')
  beforeAll(async () => world.set(await createWorld()))
  beforeEach(async () => shop.set(await openShop(world.get())))
  afterAll(() => world.peek()?.close())
  return {
    get world() {
      return world.get()
    },
    get shop() {
      return shop.get()
    },
    post: (path: string, body: Body) =>
      callRest<Body>(world.get().url, 'POST', path, { key: shop.get().opened.testKey, body }),
    /** An order with this coupon, whose session the buyer may pay. */
    order: (code?: string, email?: string) =>
      createOrder(shop.get().ctx, {
        product_id: shop.get().product.id,
        metadata: {},
        ...(code === undefined ? {} : { coupon_code: code }),
        ...(email === undefined ? {} : { customer_email: email }),
      }),
    payAs: (sessionId: string, email: string, card = CARDS.succeeds) =>
      payWithCard(shop.get().deps, sessionId, { email, name: null, card }),
    endSessions: async () => {
      world.get().clock.advance(HOUR_MS)
      while (await expireSessions(shop.get().deps));
    },
  }
}
