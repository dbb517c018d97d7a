import { createLiveChains } from './chain/live'
import { createSimulatedRates } from './chain/rates/simulated'
import type { Config } from './config'
import type { Deps, Log } from './context'
import type { DatabaseHandle } from './db/client'
import { createPoolWatch } from './domain/addresses/pool-watch'
import { createChainMonitor } from './domain/chains/health'
import { createKeyLookup } from './domain/keys/lookup'
import { createKeyUsage } from './domain/keys/usage'
import { createSandboxGateway } from './gateways/sandbox/gateway'
import { createStripeGateway } from './gateways/stripe/gateway'
import { type Clock, HOUR_MS, MINUTE_MS } from './kernel/clock'
import { NETWORKS } from './kernel/networks'
import { createSmtpMailer } from './mailer/smtp'
import { createMetrics } from './metrics'
import type { Gateways } from './ports/gateway'
import {
  CARD_FORMS_PER_MINUTE,
  CONNECT_CALLS_PER_HOUR,
  createRateLimit,
  LICENSE_CALLS_PER_MINUTE,
  SIGN_UPS_PER_HOUR,
} from './rate-limit'
import { createSender } from './sender/pinned'

/** What differs between a server, the stdio door and a test. */
export type Surroundings = { config: Config; publicUrl: string; database: DatabaseHandle; clock: Clock; log: Log }

/** Wires the parts together. `wake` does nothing until a worker is started. */
export function createDeps({ config, publicUrl, database, clock, log }: Surroundings): Deps {
  return {
    config,
    publicUrl,
    db: database.db,
    clock,
    log,
    metrics: createMetrics(),
    lookUpKey: createKeyLookup(database.db),
    keyUsage: createKeyUsage(),
    poolWatch: createPoolWatch(),
    paymentSettings: new Map(),
    gateways: createGateways(config, clock),
    ...createChains(config, clock, log),
    sender: createSender({ allowPrivate: config.allowPrivateWebhooks }),
    mailer: config.smtp ? createSmtpMailer(config.smtp) : null,
    signUps: createRateLimit(SIGN_UPS_PER_HOUR, HOUR_MS / 1000),
    licenseCalls: createRateLimit(LICENSE_CALLS_PER_MINUTE, MINUTE_MS / 1000),
    cardForms: createRateLimit(CARD_FORMS_PER_MINUTE, MINUTE_MS / 1000),
    connectCalls: createRateLimit(CONNECT_CALLS_PER_HOUR, HOUR_MS / 1000),
    wake: () => undefined,
  }
}

function createChains({ chains }: Config, clock: Clock, log: Log) {
  const chainMonitor = createChainMonitor(clock, log)
  const { networks, rates, health } = createLiveChains(
    chains.nodes,
    clock,
    chainMonitor.noteProblem,
    chains.priceApiBase,
  )
  return {
    networks,
    rates: { live: rates, test: [createSimulatedRates(clock)] },
    chainMonitor,
    chainHealth: () => {
      const nodes = health()
      return NETWORKS.filter((name) => networks[name]).map((name) => chainMonitor.healthOf(name, nodes[name] ?? []))
    },
  }
}

function createGateways({ stripe }: Config, clock: Clock): Gateways {
  const sandbox = createSandboxGateway(clock)
  const live = stripe.live ? createStripeGateway(clock, stripe.live) : null
  const test = stripe.test ? createStripeGateway(clock, stripe.test) : sandbox
  return { test, live, rehearsal: sandbox }
}
