/**
 * The server as `server/index.ts` starts it, on a clock that runs FAST_FACTOR times as fast: hours of a shop's life go by in a minute.
 * Its background work rests accordingly shorter. With FAST_CLOCK the clock is moved by that file instead.
 */
import { createApp } from '../../server/app'
import { parseConfig } from '../../server/config'
import { createDeps } from '../../server/deps'
import { jobs } from '../../server/jobs/registry'
import { startWorker } from '../../server/jobs/worker'
import { createLog } from '../../server/log'
import { openDatabase } from '../../server/start'
import { fastClock, movedClock } from './fast-clock'

const { FAST_SINCE, FAST_FACTOR, FAST_CLOCK } = process.env
const factor = Number(FAST_FACTOR)
const config = parseConfig(process.env)
const database = await openDatabase(config)
const publicUrl = `http://127.0.0.1:${config.port}`
const clock = FAST_CLOCK ? movedClock(FAST_CLOCK) : fastClock(Number(FAST_SINCE), factor)
const deps = createDeps({ config, publicUrl, database, clock, log: createLog(config.logLevel) })
const worker = startWorker(
  deps,
  jobs.map((job) => ({ ...job, everyMs: job.everyMs / factor, leastRestMs: (job.leastRestMs ?? 0) / factor })),
)
deps.wake = (work) => worker.wake(work)
const app = createApp(deps)
Bun.serve({ port: config.port, hostname: '127.0.0.1', fetch: (request) => app.fetch(request) })
process.stdout.write(`running at ${publicUrl}\n`)
