import { afterAll, beforeAll } from 'vitest'
import { createBank } from '../support/bank'
import { callRest } from '../support/calls'
import { createWorld, type World } from '../support/world'

export type Payment = Record<string, unknown> & {
  order_id: string
  transaction_id: string
  checkout_session_id: string
  amount: number
  is_test: boolean
}
export type Page = { orders: Payment[]; total: number; limit: number; offset: number }

/** A store with a bank for live cards, and document D's way to call it, for all tests of a file. */
export function usePebblepay() {
  let opened: { world: World; store: Awaited<ReturnType<World['openStore']>> } | undefined
  const parts = () => {
    if (!opened) throw new Error('the store is open while tests run')
    return opened
  }
  beforeAll(async () => {
    const world = await createWorld()
    world.deps.gateways.live = createBank(world.clock)
    opened = { world, store: await world.openStore('Corner shop') }
  })
  afterAll(() => opened?.world.close())
  const call = <T = Payment & { error: string }>(method: string, path = '', body?: unknown, key?: string) =>
    callRest<T>(parts().world.url, method, `/api/v1/orders${path}`, { key: key ?? parts().store.liveKey, body })
  return {
    get world() {
      return parts().world
    },
    get store() {
      return parts().store
    },
    call,
    /** The body as text, which JSON.stringify would change. */
    post: async (text: string, key = parts().store.liveKey) => {
      const headers = { 'X-Api-Key': key, 'Content-Type': 'application/json' }
      const answer = await fetch(`${parts().world.url}/api/v1/orders`, { method: 'POST', headers, body: text })
      return { status: answer.status, body: (await answer.json()) as Payment & { error?: string } }
    },
    create: async (body: Record<string, unknown>, key?: string) => (await call('POST', '', body, key)).body,
    pay: (payment: Payment, body = {}) =>
      callRest(parts().world.url, 'POST', `/v1/orders/${payment.order_id}/pay_test`, {
        key: parts().store.testKey,
        body,
      }),
  }
}
