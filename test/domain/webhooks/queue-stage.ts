import { afterEach, beforeEach } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { listDeliveries } from '../../../server/domain/webhooks/deliveries'
import { recordEvent } from '../../../server/domain/webhooks/events'
import { createWebhook } from '../../../server/domain/webhooks/service'
import { type Behaviour, type Receiver, startReceiver } from '../../support/receiver'
import { createWorld, type World } from '../../support/world'

/** As many first attempts to one endpoint run at a time. */
export const FIRST_SLOTS = 14

/** A world, a store in test mode and receivers that are new for each test of a file, and the engine at hand. */
export function useQueue() {
  let opened: { world: World; ctx: StoreContext } | undefined
  const receivers: Receiver[] = []
  const parts = () => {
    if (!opened) throw new Error('the queue is there while tests run')
    return opened
  }
  // Only test events may go over http, as to the receivers here.
  const contextIn = async (world: World, isTest: boolean) =>
    storeContext(world.deps, (await world.openStore()).store.storeId, isTest)
  beforeEach(async () => {
    const world = await createWorld()
    opened = { world, ctx: await contextIn(world, true) }
  })
  afterEach(async () => {
    for (const receiver of receivers.splice(0)) await receiver.close()
    await opened?.world.close()
  })
  const log = async (on = parts().ctx) =>
    (await listDeliveries(on, { limit: 100 })).rows.map(({ delivery }) => delivery)
  return {
    get world() {
      return parts().world
    },
    get ctx() {
      return parts().ctx
    },
    openStore: (isTest = true) => contextIn(parts().world, isTest),
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
    subscribe: (url: string, on = parts().ctx) => createWebhook(on, { url, events: ['sale.completed'] }, undefined),
    record: (count = 1, on = parts().ctx) =>
      inTransaction(on, async (tx) => {
        for (let number = 0; number < count; number++)
          await recordEvent(tx, { type: 'sale.completed', data: { number }, at: tx.clock.now() })
      }),
    run: (deps = parts().world.deps) => deliverDue(deps),
    log,
    onlyDelivery: async () => {
      const [row, ...others] = await log()
      if (!row || others.length > 0) throw new Error('expected one delivery')
      return row
    },
  }
}
