import { afterAll, beforeAll } from 'vitest'
import { held } from '../support/held'
import { createWorld, type World } from '../support/world'

export const UNKNOWN_ID = 'e6866e28-5b3f-866b-8e2e-21eb368508cd'

/** Status and body, for one comparison. */
export const seen = async (answer: Response | Promise<Response>) => {
  const response = await answer
  return [response.status, await response.json()]
}

/** Document A's API and a store's live key, for all tests of a file. */
export function usePayhook() {
  const opened = held<{ world: World; key: string }>('the server')
  beforeAll(async () => {
    const world = await createWorld()
    opened.set({ world, key: (await world.openStore()).liveKey })
  })
  afterAll(() => opened.peek()?.world.close())
  const call = (method: string, path: string, body?: unknown, bearer = opened.get().key) =>
    fetch(opened.get().world.url + path, {
      method,
      headers: { Authorization: `Bearer ${bearer}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    })
  return {
    get world() {
      return opened.get().world
    },
    get key() {
      return opened.get().key
    },
    call,
    createProduct: async (fields: Record<string, unknown> = {}, bearer?: string) => {
      const answer = await call('POST', '/api/v1/products', { name: 'Kit', price_cents: 3900, ...fields }, bearer)
      return ((await answer.json()) as { product: { id: string } }).product
    },
  }
}
