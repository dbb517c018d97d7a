import type { Deps } from '../../context'
import { addMs, DAY_MS } from '../../kernel/clock'
import { keepNotice } from './service'

/** A gateway repeats what nobody took for some days, and remembers it for a month. */
const REMEMBERED_MS = 30 * DAY_MS

/**
 * Asks each gateway what it told in vain, since this server was away for long or its endpoint was set wrongly: a refund in the gateway's
 * dashboard and a dispute are heard of by nothing else. What was kept before is kept once. Of the platform: a notice names its store.
 */
export async function askForMissedNotices(deps: Deps): Promise<boolean> {
  const since = addMs(deps.clock.now(), -REMEMBERED_MS)
  for (const isTest of [false, true]) {
    const gateway = isTest ? deps.gateways.test : deps.gateways.live
    if (gateway?.kind !== 'redirect') continue
    for (const notice of await gateway.missedNotices(since)) {
      const isNew = await keepNotice(deps, gateway.name, isTest, notice)
      if (isNew) deps.log.info({ event: notice.id, type: notice.type }, 'a notice of the gateway had been missed')
    }
  }
  return false
}
