import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/**
 * Four projects: pure code runs once, everything that touches a database runs on PGlite and on a real PostgreSQL, and what a
 * browser does, where the database makes no difference, on PostgreSQL only. A test file says which by its place.
 */
const shared = { pool: 'threads' as const, testTimeout: 30_000, hookTimeout: 60_000 }
const onDatabases = {
  include: ['test/**/*.test.{ts,tsx}'],
  exclude: ['test/pure/**', 'test/browser/**', 'test/bench/**'],
}
const inBrowser = { include: ['test/browser/**/*.test.ts'] }

export default defineConfig({
  test: {
    // One more than there would be on two cores: many files wait for processes, databases and browsers most of their time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    globalSetup: ['test/support/databases.ts'],
    projects: [
      { test: { ...shared, name: 'pure', include: ['test/pure/**/*.test.{ts,tsx}'] } },
      { test: { ...shared, ...onDatabases, name: 'pglite', provide: { databaseKind: 'pglite' } } },
      { test: { ...shared, ...onDatabases, name: 'postgres', provide: { databaseKind: 'postgres' } } },
      { test: { ...shared, ...inBrowser, name: 'browser', provide: { databaseKind: 'postgres' } } },
    ],
  },
})
