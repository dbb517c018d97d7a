import type { Config } from './config'
import type { Db } from './db/client'
import type { AfterCommit } from './db/transaction'
import type { PoolWatch } from './domain/addresses/pool-watch'
import type { ChainHealth, ChainMonitor } from './domain/chains/health'
import type { RememberedSettings } from './domain/crypto/settings'
import type { KeyLookup } from './domain/keys/lookup'
import type { KeyUsage } from './domain/keys/usage'
import type { Clock } from './kernel/clock'
import type { Metrics } from './metrics'
import type { Gateways } from './ports/gateway'
import type { Mailer } from './ports/mailer'
import type { Networks } from './ports/network'
import type { Rates } from './ports/rates'
import type { Sender } from './ports/sender'
import type { RateLimit } from './rate-limit'

export type LogFields = Record<string, unknown>

/** pino's shape, as much of it as we use. */
export type Log = {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

/** A worker that can be told that there is new work; it would find it by itself a little later. */
export type Work =
  | 'crypto_orders'
  | 'gateway_notices'
  | 'stranded_pages'
  | 'shares'
  | 'webhooks'
  | 'revenue'
  | 'ledger'
  | 'mail'

/** What a job's run that takes long hears of the world meanwhile. */
export type Turn = {
  /** Aborted when the process stops: finish what was begun, take on nothing new. */
  readonly stopping: AbortSignal
  /** `listener` hears of every wake of this job during the run. */
  onWake(listener: () => void): void
}

/** Everything a service needs from outside, made once by whoever starts the process or a test. */
export type Deps = {
  config: Config
  /** Where buyers and agents reach us, without a trailing slash. */
  publicUrl: string
  db: Db
  clock: Clock
  log: Log
  metrics: Metrics
  lookUpKey: KeyLookup
  keyUsage: KeyUsage
  /** When to count a pool's free addresses again, and where they begin. */
  poolWatch: PoolWatch
  /** What crypto payments were last made with. */
  paymentSettings: RememberedSettings
  gateways: Gateways
  /** Those that live crypto payments can be made on. */
  networks: Networks
  rates: Rates
  /** What watchers tell of the networks, and how each one that is enabled is now. */
  chainMonitor: ChainMonitor
  chainHealth(): ChainHealth[]
  sender: Sender
  /** Null without SMTP_URL: e-mails stay in the outbox. */
  mailer: Mailer | null
  /** Stores that are opened, which needs no key, per client address. */
  signUps: RateLimit
  /** Checks and activations of licence keys, which need no key of ours, per client address. */
  licenseCalls: RateLimit
  /** Card forms that one client address sends: each may make an order and try a card. */
  cardForms: RateLimit
  /** Calls of connect_store, per store. */
  connectCalls: RateLimit
  wake(work: Work): void
}

/** What a domain's service works with: one store, in one mode. Every query it makes names both. */
export type StoreContext = Deps & {
  storeId: bigint
  isTest: boolean
  /** Set inside a transaction. */
  afterCommit?: AfterCommit
}

/** `page`: a form of ours that a seller has typed a key into. */
export type Door = 'rest' | 'trpc' | 'mcp' | 'page'

/** What a door knows of a request before anybody has looked at its key. */
export type RequestFacts = {
  /** Quoted in logs and in the answer to an unexpected error. */
  id: string
  door: Door
  apiKey: string | undefined
  idempotencyKey: string | undefined
  /** Set by the middleware for a call with an idempotency key: the same for every call that goes on with one run. */
  idempotentRun?: string
  /** The client's address, where the process knows it; nothing is limited without it. */
  address?: string | undefined
}

/** What an operation tells its door besides its output. */
export type ReplyFacts = {
  /** True when the answer is the stored one of an earlier call with the same idempotency key. */
  replayed: boolean
}

export type RequestContext = Deps & { request: RequestFacts; reply: ReplyFacts }

export function storeContext(deps: Deps, storeId: bigint, isTest: boolean): StoreContext {
  return { ...deps, storeId, isTest }
}
