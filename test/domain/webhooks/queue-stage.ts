import { afterEach, beforeEach } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { listDeliveries } from '../../../server/domain/webhooks/deliveries'
import { recordEvent } from '../../../server/domain/webhooks/events'
import { createWebhook } from '../../../server/domain/webhooks/service'
import { held } from '../../support/held'
import { type Behaviour, type Receiver, startReceiver } from '../../support/receiver'
import { createWorld, type World } from '../../support/world'

/** As many first attempts to one endpoint run at a time. */
export const FIRST_SLOTS = 14

/** A world, a store in test mode and receivers that are new for each test of a file, and the engine at hand. */
export function useQueue() {
  const opened = held<{ world: World; ctx: StoreContext }>('the queue')
  const receivers: Receiver[] = []
  // Only test events may go over http, as to the receivers here.
  const contextIn = async (world: World, isTest: boolean) =>
    storeContext(world.deps, (await world.openStore()).store.storeId, isTest)
  beforeEach(async () => {
    const world = await createWorld()
    opened.set({ world, ctx: await contextIn(world, true) })
  })
  afterEach(async () => {
    for (const receiver of receivers.splice(0)) await receiver.close()
    await opened.peek()?.world.close()
  })
  const log = async (on = opened.get().ctx) =>
    (await listDeliveries(on, { limit: 100 })).rows.map(({ delivery }) => delivery)
  return {
    get world() {
      return opened.get().world
    },
    get ctx() {
      return opened.get().ctx
    },
    openStore: (isTest = true) => contextIn(opened.get().world, isTest),
    receiver: async (behaviour: Behaviour = 200): Promise<Receiver> => {
      const started = await startReceiver(behaviour)
      receivers.push(started)
      return started
    },
    /** Breaks what is on its way to it. */
    closeReceiver: async (receiver: Receiver) => {
      receivers.splice(receivers.indexOf(receiver), 1)
      await receiver.close()
    },
    subscribe: (url: string, on = opened.get().ctx) =>
      createWebhook(on, { url, events: ['sale.completed'] }, undefined),
    record: (count = 1, on = opened.get().ctx) =>
      inTransaction(on, async (tx) => {
        for (let number = 0; number < count; number++)
          await recordEvent(tx, { type: 'sale.completed', data: { number }, at: tx.clock.now() })
      }),
    run: (deps = opened.get().world.deps) => deliverDue(deps),
    log,
    onlyDelivery: async () => {
      const [row, ...others] = await log()
      if (!row || others.length > 0) throw new Error('expected one delivery')
      return row
    },
  }
}
