import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/**
 * Pure code runs once, everything that touches a database runs on PGlite and on a real PostgreSQL, and where the database makes no
 * difference, in a browser and in what is listed here, on PostgreSQL only. Otherwise a test file says which by its place.
 */
const ONCE = [
  'test/domain/notices/missed.test.ts',
  'test/domain/payments/{crypto-anything,shares,stripe-itself}.test.ts',
  'test/inbound/stripe-modes.test.ts',
  'test/listen.test.ts',
  'test/mcp/{conformance,plain-call,stdio}.test.ts',
  'test/pages/{crypto-checkout,plan-limit,topup}.test.ts',
  'test/process/{billing-kill,limits,listen,live-sale,roles,signals}.test.ts',
  'test/receiver/**/*.test.ts',
  'test/rest/{direct,docs,openapi}.test.ts',
]
/**
 * Files share their worker, whose compiled WebAssembly and packages from npm would else be made again for each of them; our own
 * modules are loaded anew all the same.
 */
const shared = { pool: 'threads' as const, isolate: false, testTimeout: 120_000, hookTimeout: 180_000 }
const onDatabases = {
  include: ['test/**/*.test.{ts,tsx}'],
  exclude: ['test/pure/**', 'test/browser/**', 'test/bench/**', ...ONCE],
}
const onPostgres = { provide: { databaseKind: 'postgres' as const } }

export default defineConfig({
  test: {
    // One more than there would be on two cores: many files wait for processes, databases and browsers most of their time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    globalSetup: ['test/support/databases.ts'],
    projects: [
      { test: { ...shared, name: 'pure', include: ['test/pure/**/*.test.{ts,tsx}'] } },
      { test: { ...shared, ...onDatabases, name: 'pglite', provide: { databaseKind: 'pglite' } } },
      { test: { ...shared, ...onDatabases, ...onPostgres, name: 'postgres' } },
      { test: { ...shared, ...onPostgres, name: 'once', include: ONCE } },
      { test: { ...shared, ...onPostgres, name: 'browser', include: ['test/browser/**/*.test.ts'] } },
    ],
  },
})
