import { afterAll, beforeAll } from 'vitest'
import { createBank } from '../support/bank'
import { callRest } from '../support/calls'
import { held } from '../support/held'
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
  const opened = held<{ world: World; store: Awaited<ReturnType<World['openStore']>> }>('the store')
  beforeAll(async () => {
    const world = await createWorld()
    world.deps.gateways.live = createBank(world.clock)
    opened.set({ world, store: await world.openStore('Corner shop') })
  })
  afterAll(() => opened.peek()?.world.close())
  const call = <T = Payment & { error: string }>(method: string, path = '', body?: unknown, key?: string) =>
    callRest<T>(opened.get().world.url, method, `/api/v1/orders${path}`, {
      key: key ?? opened.get().store.liveKey,
      body,
    })
  return {
    get world() {
      return opened.get().world
    },
    get store() {
      return opened.get().store
    },
    call,
    /** The body as text, which JSON.stringify would change. */
    post: async (text: string, key = opened.get().store.liveKey) => {
      const headers = { 'X-Api-Key': key, 'Content-Type': 'application/json' }
      const answer = await fetch(`${opened.get().world.url}/api/v1/orders`, { method: 'POST', headers, body: text })
      return { status: answer.status, body: (await answer.json()) as Payment & { error?: string } }
    },
    create: async (body: Record<string, unknown>, key?: string) => (await call('POST', '', body, key)).body,
    pay: (payment: Payment, body = {}) =>
      callRest(opened.get().world.url, 'POST', `/v1/orders/${payment.order_id}/pay_test`, {
        key: opened.get().store.testKey,
        body,
      }),
  }
}
