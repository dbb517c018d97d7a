import * as z from 'zod'
import { readBilling } from './billing-file'
import { ProxyList, type TrustedProxies } from './client-address'
import { POOL_SIZE } from './db/client'
import type { BillingSettings } from './kernel/plans'

/** `""` counts as unset, as in `PORT= npm start`. */
const optional = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === '' ? undefined : value), schema)

const flag = optional(
  z
    .enum(['1', 'true', 'yes', 'on', '0', 'false', 'no', 'off'], 'must be 1 or 0')
    .default('0')
    .transform((value) => ['1', 'true', 'yes', 'on'].includes(value)),
)

const ROLES = ['api', 'webhooks', 'chain', 'jobs'] as const
export type Role = (typeof ROLES)[number]

const roles = optional(
  z
    .string()
    .default(ROLES.join(','))
    .transform((text) => text.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES, `must be a comma-separated list of ${ROLES.join(', ')}`)).min(1)),
)

const smtpUrl = z
  .url({ protocol: /^smtps?$/, error: 'must be a URL such as smtp://user:password@mail.example.com:587' })
  .refine((text) => URL.parse(text)?.hostname !== '', 'must name a host')
  .optional()

const stripeKey = z
  .string()
  .regex(/^[sr]k_(live|test)_\w+$/, 'must be a secret key of Stripe, such as sk_live_…')
  .optional()

const stripeSecret = z
  .string()
  .regex(/^whsec_\S+$/, 'must be the signing secret of an endpoint at Stripe, such as whsec_…')
  .optional()

/** `a, b`: URLs of one kind of server, the preferred one first. Never named in an error, since their paths hold keys. */
const nodeUrls = optional(
  z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((one) => one.trim() || []))
    .pipe(z.array(z.url({ protocol: /^https?$/, error: 'must be http or https URLs, separated by commas' })))
    .refine((urls) => new Set(urls).size === urls.length, 'names a URL twice')
    .refine(
      (urls) => urls.every((url) => URL.parse(url)?.username === ''),
      'must not hold a user and a password; most nodes take a key in the path',
    ),
)

/** Every variable that the process reads, with its meaning and default; README's table says the same. */
const Environment = z.object({
  PORT: optional(z.coerce.number('must be a port number').int().min(0).max(65_535).default(3000)).describe(
    'Port to listen on',
  ),
  HOST: optional(z.string().default('127.0.0.1')).describe('Address to listen on; 0.0.0.0 for all'),
  PUBLIC_URL: optional(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional()).describe(
    'Where buyers and agents reach this server; http://localhost:PORT when unset',
  ),
  DATABASE_URL: optional(
    z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  ).describe('PostgreSQL; when unset, PGlite in PAYHOOK_DATA_DIR'),
  DATABASE_POOL_SIZE: optional(
    z.coerce.number('must be a number of connections').int().min(1).max(100).default(POOL_SIZE),
  ).describe('Connections to PostgreSQL that this process opens, at most'),
  PAYHOOK_DATA_DIR: optional(z.string().default('.payhook')).describe('Folder of the PGlite database'),
  PAYHOOK_ADMIN_KEY: optional(z.string().min(20, 'must have at least 20 characters').optional()).describe(
    "The operator's key",
  ),
  PAYHOOK_ROLES: roles.describe('What this process does: api, webhooks, chain, jobs'),
  PAYHOOK_TRUSTED_PROXIES: optional(ProxyList).describe(
    'Your reverse proxies, as in 127.0.0.1, 10.0.0.0/8: they say who the client is',
  ),
  PAYHOOK_REQUIRE_APPROVAL: flag.describe('New stores wait for the operator'),
  PAYHOOK_ALLOW_PRIVATE_WEBHOOKS: flag.describe(
    'Development only: webhooks to private addresses, and over http for test keys',
  ),
  PAYHOOK_WEBHOOK_RETENTION_DAYS: optional(
    z.coerce.number('must be a number of days').int().min(1).max(3_650).default(30),
  ).describe('Days for which events, finished webhook deliveries and e-mails are kept'),
  STRIPE_SECRET_KEY: optional(stripeKey).describe(
    "Stripe's sk_live_… for live cards; an sk_test_… serves test mode instead of the sandbox",
  ),
  STRIPE_WEBHOOK_SECRET: optional(stripeSecret).describe("Stripe's whsec_… of the endpoint /webhooks/stripe"),
  STRIPE_TEST_SECRET_KEY: optional(stripeKey).describe("Stripe's sk_test_… for test mode beside a live key"),
  STRIPE_TEST_WEBHOOK_SECRET: optional(stripeSecret).describe("Stripe's whsec_… of the endpoint in test mode"),
  STRIPE_CONNECT: flag.describe('Platform mode: each store is paid into a Stripe account of its own'),
  STRIPE_CONNECT_WEBHOOK_SECRET: optional(stripeSecret).describe(
    "Stripe's whsec_… of the endpoint for events on connected accounts",
  ),
  STRIPE_TEST_CONNECT_WEBHOOK_SECRET: optional(stripeSecret).describe('The same in test mode, beside a live key'),
  STRIPE_API_BASE: optional(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional()).describe(
    "Another server that speaks Stripe's API, for tests",
  ),
  ETHEREUM_RPC_URLS: nodeUrls.describe(
    'Nodes of Ethereum, by JSON-RPC, separated by commas; enables its live payments',
  ),
  BSC_RPC_URLS: nodeUrls.describe('The same of BNB Smart Chain'),
  TRON_RPC_URLS: nodeUrls.describe("The same of TRON: java-tron's JSON-RPC, which ends in /jsonrpc"),
  TRON_API_URL: nodeUrls.describe('HTTP APIs of nodes of TRON; those of TRON_RPC_URLS when unset'),
  PRICE_API_BASE: optional(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional()).describe(
    'Another server that answers as CoinGecko and Coinbase do, for tests',
  ),
  PAYHOOK_BILLING: optional(z.string().optional()).describe(
    'Merchants pay for crypto payments: on, or a JSON file of plans; unset: no quotas',
  ),
  SMTP_URL: optional(smtpUrl).describe('Mail server, smtp://user:password@host:587; unset: e-mails stay in the outbox'),
  MAIL_FROM: optional(z.email('must be an e-mail address such as receipts@example.com').optional()).describe(
    'Address that receipts come from; needed with SMTP_URL',
  ),
  PAYHOOK_URL: optional(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional()).describe(
    'For mcp/stdio.ts and listen: a running server to use',
  ),
  PAYHOOK_API_KEY: optional(z.string().optional()).describe(
    'For mcp/stdio.ts and listen: the key that their calls are made with',
  ),
  PAYHOOK_LOG_LEVEL: optional(z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info')).describe(
    'Least severe log line',
  ),
})

/** For README's table. */
export const environmentVariables = Object.entries(Environment.shape).map(([name, schema]) => ({
  name,
  meaning: schema.description ?? '',
}))

export type StripeConfig = {
  secretKey: string
  /** Undefined: what Stripe tells is refused, and found out by asking. */
  webhookSecret: string | undefined
  apiBase: string | undefined
  /** The operator runs a platform: stores have accounts of their own. The secret is that of what is told about these. */
  connect: { webhookSecret: string | undefined } | undefined
}

/** Nodes by network, and who knows prices; a network without nodes takes no live payments. */
export type ChainsConfig = {
  nodes: Readonly<Record<'ethereum' | 'bsc' | 'tron' | 'tronApi', readonly string[]>>
  priceApiBase: string | undefined
}

export type Config = {
  port: number
  host: string
  /** Without a trailing slash; undefined until the port is known, when it becomes `http://localhost:PORT`. */
  publicUrl: string | undefined
  databaseUrl: string | undefined
  databasePoolSize: number
  dataDir: string
  adminKey: string | undefined
  roles: readonly Role[]
  /** Whose X-Forwarded-For and Forwarded are believed. */
  trustedProxies: TrustedProxies
  requireApproval: boolean
  allowPrivateWebhooks: boolean
  webhookRetentionDays: number
  /** Stripe in each mode; undefined where it isn't configured. */
  stripe: { live: StripeConfig | undefined; test: StripeConfig | undefined }
  chains: ChainsConfig
  /** What merchants are billed; undefined: nothing, and no quotas. */
  billing: BillingSettings | undefined
  /** Where receipts are handed over, and the address they come from; undefined when they stay in the outbox. */
  smtp: { url: string; from: string } | undefined
  /** The two of the stdio door. Without a trailing slash. */
  serverUrl: string | undefined
  apiKey: string | undefined
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** Thrown with one line a person can act on: the variable's name, what is wrong, and what it was. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export function parseConfig(environment: Record<string, string | undefined>): Config {
  const parsed = Environment.safeParse(environment)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`)
    throw new ConfigError(`Bad environment. ${lines.join('; ')}. Change or unset the variable and start again.`)
  }
  const env = parsed.data
  if (env.PAYHOOK_REQUIRE_APPROVAL && env.PAYHOOK_ADMIN_KEY === undefined) {
    throw new ConfigError(
      'PAYHOOK_REQUIRE_APPROVAL is on, but PAYHOOK_ADMIN_KEY is not set, so that nobody could approve a store. Set it and start again.',
    )
  }
  return {
    port: env.PORT,
    host: env.HOST,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    databaseUrl: env.DATABASE_URL,
    databasePoolSize: env.DATABASE_POOL_SIZE,
    dataDir: env.PAYHOOK_DATA_DIR,
    adminKey: env.PAYHOOK_ADMIN_KEY,
    roles: env.PAYHOOK_ROLES,
    trustedProxies: env.PAYHOOK_TRUSTED_PROXIES,
    requireApproval: env.PAYHOOK_REQUIRE_APPROVAL,
    allowPrivateWebhooks: env.PAYHOOK_ALLOW_PRIVATE_WEBHOOKS,
    webhookRetentionDays: env.PAYHOOK_WEBHOOK_RETENTION_DAYS,
    stripe: stripeOf(env),
    chains: chainsOf(env),
    billing: readBilling(env.PAYHOOK_BILLING, (words) => new ConfigError(words)),
    smtp: smtpOf(env),
    serverUrl: env.PAYHOOK_URL?.replace(/\/+$/, ''),
    apiKey: env.PAYHOOK_API_KEY,
    logLevel: env.PAYHOOK_LOG_LEVEL,
  }
}

/** A test key never serves live mode: its buyers would get for nothing what others pay for. */
function stripeOf(env: z.infer<typeof Environment>): Config['stripe'] {
  const { STRIPE_API_BASE: apiBase, STRIPE_SECRET_KEY: key, STRIPE_TEST_SECRET_KEY: testKey } = env
  if (testKey?.includes('k_live_')) throw badStripe('STRIPE_TEST_SECRET_KEY is a live key. Set it to an sk_test_… key')
  if (env.STRIPE_CONNECT && key === undefined && testKey === undefined) {
    throw badStripe('STRIPE_CONNECT is on, but there is no key of Stripe. Set STRIPE_SECRET_KEY')
  }
  const connect = (webhookSecret: string | undefined) => (env.STRIPE_CONNECT ? { webhookSecret } : undefined)
  const main = key && {
    ...{ secretKey: key, webhookSecret: env.STRIPE_WEBHOOK_SECRET, apiBase },
    connect: connect(env.STRIPE_CONNECT_WEBHOOK_SECRET),
  }
  const second = testKey && {
    ...{ secretKey: testKey, webhookSecret: env.STRIPE_TEST_WEBHOOK_SECRET, apiBase },
    connect: connect(env.STRIPE_TEST_CONNECT_WEBHOOK_SECRET),
  }
  if (!key?.includes('k_test_')) return { live: main || undefined, test: second || undefined }
  if (second) throw badStripe('STRIPE_SECRET_KEY and STRIPE_TEST_SECRET_KEY are both test keys. Unset one of them')
  return { live: undefined, test: main || undefined }
}

function badStripe(what: string) {
  return new ConfigError(`${what} and start again.`)
}

function chainsOf(env: z.infer<typeof Environment>): ChainsConfig {
  const { ETHEREUM_RPC_URLS: ethereum, BSC_RPC_URLS: bsc, TRON_RPC_URLS: tron, TRON_API_URL: tronApi } = env
  if (tronApi.length > 0 && tron.length === 0) {
    throw new ConfigError('TRON_API_URL is set, but TRON_RPC_URLS is not, and both are needed. Set it and start again.')
  }
  return { nodes: { ethereum, bsc, tron, tronApi }, priceApiBase: env.PRICE_API_BASE?.replace(/\/+$/, '') }
}

function smtpOf({ SMTP_URL: url, MAIL_FROM: from }: z.infer<typeof Environment>): Config['smtp'] {
  if (url === undefined) return undefined
  if (from !== undefined) return { url, from }
  throw new ConfigError(
    'SMTP_URL is set, but MAIL_FROM is not, so that receipts would come from nobody. Set it to an address such as receipts@example.com and start again.',
  )
}
