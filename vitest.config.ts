import { defineConfig } from 'vitest/config'

/**
 * Three projects: pure code runs once, everything that touches a database runs on PGlite and on a real PostgreSQL. A test file
 * says which by its place: `test/pure/` needs neither.
 */
const shared = { pool: 'threads' as const, testTimeout: 30_000, hookTimeout: 60_000 }
const onDatabases = { include: ['test/**/*.test.{ts,tsx}'], exclude: ['test/pure/**', 'test/bench/**'] }

export default defineConfig({
  test: {
    globalSetup: ['test/support/databases.ts'],
    projects: [
      { test: { ...shared, name: 'pure', include: ['test/pure/**/*.test.ts'] } },
      { test: { ...shared, ...onDatabases, name: 'pglite', provide: { databaseKind: 'pglite' } } },
      { test: { ...shared, ...onDatabases, name: 'postgres', provide: { databaseKind: 'postgres' } } },
    ],
  },
})
