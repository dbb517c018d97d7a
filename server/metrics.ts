import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type ChainMetrics, createChainMetrics } from './metrics-chain'

export type Metrics = ChainMetrics & {
  /** `route` is the pattern (`/v1/products/:id`), never the path: a label must not grow with the traffic. */
  countRequest(method: string, route: string, status: number, seconds: number): void
  countJobFailure(job: string): void
  /** `answer` is `2xx` to `5xx`, `network` or `refused`; `status` what the delivery became: pending when it is tried again. */
  countAttempt(status: 'succeeded' | 'failed' | 'pending', answer: string, seconds: number): void
  /** `outcome` is accepted, refused, unsent (it is tried again) or given_up. */
  countEmail(outcome: string): void
  /** The webhook queue as it was sampled last. */
  setQueue(queue: { pending: number; due: number; oldestDueSeconds: number }): void
  /** The text format of Prometheus. */
  render(): Promise<{ body: string; contentType: string }>
}

/** From half a millisecond, what a look-up takes, to the ten seconds after which callers give up. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const METHODS = new Set(['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])

/** A registry of its own for each app, so that two apps in one process (as in tests) don't count together. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const requests = new Histogram({
    name: 'payhook_http_request_duration_seconds',
    help: 'Time from a request to its response by door, route and status',
    labelNames: ['door', 'method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  })
  const failures = new Counter({
    name: 'payhook_job_failures_total',
    help: 'Runs of a background job that threw; each is tried again',
    labelNames: ['job'],
    registers: [registry],
  })
  const emails = new Counter({
    name: 'payhook_emails_total',
    help: 'Tries to hand an e-mail to the mail server, by what came of them',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const webhooks = createWebhookMetrics(registry)
  let processMetrics = false
  // One series for each combination that occurred: looking one up by its labels costs more than counting.
  const series = new Map<string, { observe(seconds: number): void }>()
  return {
    countRequest: (method, route, status, seconds) => {
      const shown = METHODS.has(method) ? method : 'other'
      const name = `${shown} ${status} ${route}`
      const known = series.get(name) ?? requests.labels(doorOf(route), shown, route, String(status))
      series.set(name, known)
      known.observe(seconds)
    },
    countJobFailure: (job) => failures.inc({ job }),
    countEmail: (outcome) => emails.inc({ outcome }),
    ...webhooks,
    ...createChainMetrics(registry),
    render: async () => {
      // They sample the event loop from then on, which a server that nobody scrapes needn't pay for.
      if (!processMetrics) collectDefaultMetrics({ register: registry })
      processMetrics = true
      return { body: await registry.metrics(), contentType: registry.contentType }
    },
  }
}

function createWebhookMetrics(registry: Registry): Pick<Metrics, 'countAttempt' | 'setQueue'> {
  const registers = [registry]
  const attempts = new Histogram({
    name: 'payhook_webhook_attempt_duration_seconds',
    help: 'Time from a webhook request to its answer, by the answer and what the delivery became',
    labelNames: ['answer', 'status'],
    buckets: SECONDS,
    registers,
  })
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers })
  const pending = gauge('payhook_webhook_queue_pending', 'Deliveries that wait for an attempt, all stores together')
  const due = gauge('payhook_webhook_queue_due', 'Deliveries whose next attempt is due')
  const age = gauge('payhook_webhook_queue_oldest_due_seconds', 'How long the oldest due delivery has waited')
  return {
    countAttempt: (status, answer, seconds) => attempts.observe({ answer, status }, seconds),
    setQueue: (queue) => {
      pending.set(queue.pending)
      due.set(queue.due)
      age.set(queue.oldestDueSeconds)
    },
  }
}

/** By which door a route is reached; `page` is what buyers and browsers open. */
function doorOf(route: string): string {
  if (route.startsWith('/trpc')) return 'trpc'
  if (route.startsWith('/mcp')) return 'mcp'
  if (route.startsWith('/v1') || route.startsWith('/api')) return 'rest'
  return 'page'
}
