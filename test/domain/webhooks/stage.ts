import { type StoreContext, storeContext } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { listDeliveries } from '../../../server/domain/webhooks/deliveries'
import { recordEvent } from '../../../server/domain/webhooks/events'
import { createWebhook, type Subscription } from '../../../server/domain/webhooks/service'
import { type Behaviour, type Receiver, startReceiver } from '../../support/receiver'
import { createWorld, type World } from '../../support/world'

/** A store in test mode, whose webhooks may go over http, receivers, and the engine at hand: what tests of webhooks begin with. */
export type Stage = {
  world: World
  ctx: StoreContext
  receiver(behaviour?: Behaviour): Promise<Receiver>
  subscribe(url: string, more?: { events?: string[]; rate_limit_per_second?: number }): Promise<Subscription>
  /** Events numbered from 0. */
  record(count?: number): Promise<string[]>
  run(): Promise<boolean>
  /** Newest first. */
  log(): Promise<Awaited<ReturnType<typeof listDeliveries>>['rows'][number]['delivery'][]>
  /** One call with the store's test key. */
  call(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>
  close(): Promise<void>
}

export async function openStage(environment: Record<string, string> = {}): Promise<Stage> {
  const world = await createWorld(environment)
  const opened = await world.openStore()
  const ctx = storeContext(world.deps, opened.store.storeId, true)
  const receivers: Receiver[] = []
  return {
    world,
    ctx,
    receiver: async (behaviour = 200) => {
      const started = await startReceiver(behaviour)
      receivers.push(started)
      return started
    },
    subscribe: (url, more = {}) => createWebhook(ctx, { url, events: ['sale.completed'], ...more }, undefined),
    record: (count = 1) =>
      inTransaction(ctx, async (tx) => {
        const ids = []
        for (let number = 0; number < count; number++)
          ids.push(await recordEvent(tx, { type: 'sale.completed', data: { number }, at: tx.clock.now() }))
        return ids
      }),
    run: () => deliverDue(world.deps),
    log: async () => (await listDeliveries(ctx, { limit: 100 })).rows.map(({ delivery }) => delivery),
    call: async (method, path, body) => {
      const answer = await fetch(`${world.url}/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${opened.testKey}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
        body: body ? JSON.stringify(body) : undefined,
      })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    },
    close: async () => {
      for (const receiver of receivers) await receiver.close()
      await world.close()
    },
  }
}
