import { afterAll, beforeAll, beforeEach } from 'vitest'
import { createOrder } from '../../../server/domain/payments/creation'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { payWithCard } from '../../../server/domain/payments/service'
import { HOUR_MS } from '../../../server/kernel/clock'
import { callRest } from '../../support/calls'
import { CARDS } from '../../support/cards'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

export type Body = Record<string, unknown>

export const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

/** A shop of its own for each test of a file, and what its buyers do. */
export function useBuyers() {
  let world: World | undefined
  let shop: Shop | undefined
  const parts = () => {
    if (!world || !shop) throw new Error('the shop is open while tests run')
    return { world, shop }
  }
  beforeAll(async () => {
    world = await createWorld()
  })
  beforeEach(async () => {
    if (world) shop = await openShop(world)
  })
  afterAll(() => world?.close())
  return {
    get world() {
      return parts().world
    },
    get shop() {
      return parts().shop
    },
    post: (path: string, body: Body) =>
      callRest<Body>(parts().world.url, 'POST', path, { key: parts().shop.opened.testKey, body }),
    /** An order with this coupon, whose session the buyer may pay. */
    order: (code?: string, email?: string) =>
      createOrder(parts().shop.ctx, {
        product_id: parts().shop.product.id,
        metadata: {},
        ...(code === undefined ? {} : { coupon_code: code }),
        ...(email === undefined ? {} : { customer_email: email }),
      }),
    payAs: (sessionId: string, email: string, card = CARDS.succeeds) =>
      payWithCard(parts().shop.deps, sessionId, { email, name: null, card }),
    endSessions: async () => {
      parts().world.clock.advance(HOUR_MS)
      while (await expireSessions(parts().shop.deps));
    },
  }
}
