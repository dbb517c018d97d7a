import type { Config } from './config'

export type StartFacts = {
  config: Config
  publicUrl: string
  /** Set on the one start that made the first store; its keys are shown then and never again. */
  firstStore: { id: string; liveKey: string; testKey: string; signingKey: string } | undefined
}

/**
 * What a person reads in the terminal when the server is up: where it is, the keys of the first store, and what to do next.
 * A later start says where things are and no more.
 */
export function startMessage(facts: StartFacts): string {
  const parts = [places(facts)]
  if (!facts.firstStore)
    parts.push(`  For an agent, with your key:\n\n${JSON.stringify(mcpServers(facts.publicUrl, 'sk_test_…'))}`)
  if (facts.firstStore) parts.push(keys(facts.firstStore), nextSteps(facts.publicUrl, facts.firstStore.testKey))
  parts.push(notes(facts))
  return `\n${parts.join('\n\n')}\n`
}

function places({ config, publicUrl }: StartFacts): string {
  return [
    `  Payhook is running at ${publicUrl}`,
    '',
    line('Docs', `${publicUrl}/docs`),
    line('REST', `${publicUrl}/api/v1`),
    line('tRPC', `${publicUrl}/trpc`),
    line('MCP', `${publicUrl}/mcp`),
    line('Data', config.databaseUrl ? postgresPlace(config.databaseUrl) : `${config.dataDir} (PGlite)`),
  ].join('\n')
}

/** Without the password. */
function postgresPlace(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname} (PostgreSQL)`
}

function keys(store: NonNullable<StartFacts['firstStore']>): string {
  return [
    `  Your first store is ${store.id}. Its keys are shown this once; keep them:`,
    '',
    line('Test key', store.testKey),
    line('Live key', store.liveKey),
    line('Webhook signing key', store.signingKey),
  ].join('\n')
}

function nextSteps(publicUrl: string, testKey: string): string {
  return [
    '  Create a product and open its checkout_url in a browser (card 4000 0000 0000 0002):',
    '',
    `curl ${publicUrl}/api/v1/products -H 'Authorization: Bearer ${testKey}' -H 'Content-Type: application/json' \\`,
    `  -d '{"name":"My first product","price_cents":1900}'`,
    '',
    '  Or let an agent do it. For its mcpServers configuration:',
    '',
    JSON.stringify(mcpServers(publicUrl, testKey), null, 2),
  ].join('\n')
}

function mcpServers(publicUrl: string, key: string) {
  const payhook = { type: 'http', url: `${publicUrl}/mcp`, headers: { Authorization: `Bearer ${key}` } }
  return { mcpServers: { payhook } }
}

function notes({ config }: StartFacts): string {
  const lines = [`  ${cards(config.stripe)}`]
  if (!config.databaseUrl) {
    lines.push(
      '  The built-in database survives a crash of this process, not a power cut. Before real sales, set DATABASE_URL to PostgreSQL.',
    )
  }
  lines.push('  Ctrl-C stops the server; nothing is lost.')
  return lines.join('\n')
}

function cards({ live, test }: Config['stripe']): string {
  const endpoint = 'Stripe tells of payments at /webhooks/stripe.'
  if (live)
    return `Live cards are charged by Stripe; test keys sell with ${test ? "Stripe's test cards" : 'test cards'}. ${endpoint}`
  if (test) return `Test keys sell on Stripe's test pages; live keys cannot charge yet. ${endpoint}`
  return 'Cards are simulated until a gateway is configured: test keys sell with test cards, live keys cannot charge yet.'
}

function line(label: string, value: string): string {
  return `  ${label.padEnd(20)} ${value}`
}
