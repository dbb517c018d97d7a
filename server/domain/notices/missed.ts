import type { Deps, Turn } from '../../context'
import { addMs, DAY_MS, HOUR_MS } from '../../kernel/clock'
import type { RedirectGateway } from '../../ports/gateway'
import { keepNotice } from './service'

/** A gateway repeats what nobody took for some days, and remembers it for a month. */
const REMEMBERED_MS = 30 * DAY_MS
/** What a gateway lists may lag behind what it tells. */
const OVERLAP_MS = HOUR_MS

/**
 * A job that asks each gateway what it told in vain, since this server was away for long or its endpoint was set wrongly: a refund in the
 * gateway's dashboard and a dispute are heard of by nothing else. What was kept before is kept once. Once all has been read, the next turns
 * ask from then on: what was told before is kept or was taken. Of the platform: a notice names its store.
 */
export function createMissedNotices(): (deps: Deps, turn?: Pick<Turn, 'stopping'>) => Promise<boolean> {
  const readUntil = new Map<boolean, Date>()
  return async (deps, turn) => {
    for (const isTest of [false, true]) {
      const gateway = isTest ? deps.gateways.test : deps.gateways.live
      if (gateway?.kind !== 'redirect') continue
      const at = deps.clock.now()
      const from = readUntil.get(isTest) ?? addMs(at, -REMEMBERED_MS)
      const isRead = await keepMissed(deps, gateway, { isTest, from, stopping: turn?.stopping })
      if (isRead) readUntil.set(isTest, addMs(at, -OVERLAP_MS))
    }
    return false
  }
}

type Asked = { isTest: boolean; from: Date; stopping: AbortSignal | undefined }

/** False when it was stopped before the end. */
async function keepMissed(deps: Deps, gateway: RedirectGateway, { isTest, from, stopping }: Asked): Promise<boolean> {
  for await (const notice of gateway.missedNotices(from)) {
    if (stopping?.aborted) return false
    const isNew = await keepNotice(deps, gateway.name, isTest, notice)
    if (isNew) deps.log.info({ event: notice.id, type: notice.type }, 'a notice of the gateway had been missed')
  }
  return true
}
