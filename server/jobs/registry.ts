import { pruneKeys } from '../domain/idempotency/service'
import { HOUR_MS, MINUTE_MS } from '../kernel/clock'
import type { Job } from './worker'

/** All background work. A domain adds its line here. */
export const jobs: readonly Job[] = [
  {
    name: 'key_usage',
    role: 'api',
    everyMs: MINUTE_MS / 2,
    run: async (deps) => {
      await deps.keyUsage.flush(deps.db)
      return false
    },
  },
  {
    name: 'idempotency_retention',
    role: 'jobs',
    everyMs: HOUR_MS,
    run: async (deps) => {
      await pruneKeys(deps)
      return false
    },
  },
]
