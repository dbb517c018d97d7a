import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const modules = await Promise.all(
  globSync('server/domain/*/table.ts', { cwd: root }).map((path) => import(join(root, path)) as Promise<object>),
)
const tables = modules.flatMap((module) => Object.values(module).filter((value) => is(value, PgTable)))
const configs = tables.map((table) => getTableConfig(table))

type NamedColumn = { name?: string }
const first = (columns: readonly unknown[]) => (columns[0] as NamedColumn | undefined)?.name

test('there are tables to check', () => {
  expect(configs.length).toBeGreaterThan(10)
})

/** Of all stores together: rows that nothing may be twice of, sharded by what they are unique by. */
const KEYED_BY_VALUE = new Map([
  ['address_owners', 'address'],
  ['payment_claims', 'address'],
])
/** What nothing is unique by: where a job of the whole platform would else read a table whole to find the few rows that are due. */
const BY_TIME = new Map([['billing_accounts_due', 'due_at']])

const ofStores = configs.filter(({ name }) => !KEYED_BY_VALUE.has(name))

test.each([...KEYED_BY_VALUE])('%s shards by its %s', (name, key) => {
  const config = configs.find((one) => one.name === name)
  expect(config?.primaryKeys.map(({ columns }) => first(columns))).toEqual([key])
  expect(config?.indexes.filter((index) => index.config.unique)).toEqual([])
  expect(config?.foreignKeys).toEqual([])
})

test.each(ofStores.map((config) => [config.name, config] as const))('%s shards by its store', (_name, config) => {
  const primary = [
    ...config.primaryKeys.map((key) => first(key.columns)),
    ...config.columns.filter((column) => column.primary).map((column) => column.name),
  ]
  const byTime = config.indexes.filter((index) => BY_TIME.has(index.config.name ?? ''))
  for (const { config: index } of byTime) {
    expect([first(index.columns), index.unique]).toEqual([BY_TIME.get(index.name ?? ''), false])
  }
  const indexes = config.indexes.filter((index) => !byTime.includes(index)).map((index) => first(index.config.columns))
  const uniques = [
    ...config.uniqueConstraints.map((unique) => first(unique.columns)),
    ...config.columns.filter((column) => column.isUnique).map((column) => column.name),
  ]
  const foreign = config.foreignKeys.flatMap((key) => {
    const { columns, foreignColumns } = key.reference()
    return [first(columns), first(foreignColumns)]
  })
  const leading = [...primary, ...indexes, ...uniques, ...foreign]
  // A table without a key can't be sharded or read by one store.
  expect(primary.length + config.indexes.filter((index) => index.config.unique).length).toBeGreaterThan(0)
  expect(leading.filter((name) => name !== 'store_id')).toEqual([])
  expect(config.columns.find((column) => column.name === 'store_id')).toMatchObject({ notNull: true })
})

test('no column holds a float, and an amount is a whole number of the smallest unit', () => {
  const broken = configs.flatMap((config) =>
    config.columns
      .filter((column) => {
        const type = column.getSQLType()
        if (/^(real|double precision|money)/.test(type)) return true
        return /(_minor|_cents|amount)$/.test(column.name) && !/^(bigint|numeric\(\d+, ?0\))$/.test(type)
      })
      .map((column) => `${config.name}.${column.name} ${column.getSQLType()}`),
  )
  expect(broken).toEqual([])
})

test('the database sets no time and makes no random id: both come with the row', () => {
  const broken = configs.flatMap((config) =>
    config.columns
      .filter((column) =>
        JSON.stringify(column.default ?? null, (key, value) => (key === 'table' ? null : value)).match(/now\(|random/),
      )
      .map((column) => `${config.name}.${column.name}`),
  )
  expect(broken).toEqual([])
})

test('the migrations make exactly these tables', () => {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-migrations-'))
  try {
    cpSync(join(root, 'drizzle'), folder, { recursive: true })
    const before = readdirSync(folder).sort()
    const kit = join(root, 'node_modules/.bin/drizzle-kit')
    const schema = join(root, 'server/domain/*/table.ts')
    execFileSync(kit, ['generate', '--dialect', 'postgresql', '--schema', schema, '--out', folder], {
      cwd: folder,
      stdio: 'pipe',
    })
    expect(readdirSync(folder).sort()).toEqual(before)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
