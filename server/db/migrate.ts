import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import type { DatabaseHandle, Db } from './client'

export const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** `PAYH` as a number: the advisory lock that makes several starting processes migrate one after the other. */
const MIGRATION_LOCK = 0x50_41_59_48

/**
 * Applies the numbered SQL files that this database hasn't had, in order, by one process at a time, all or none. An up-to-date
 * database costs one query.
 */
export async function migrate(database: DatabaseHandle): Promise<void> {
  const files = migrationFiles()
  const latest = files.at(-1)?.tag
  if (await isApplied(database, latest)) return
  await exclusively(database.db, async (tx) => {
    await tx.execute(
      sql`create table if not exists payhook_migrations (tag text primary key, applied_at timestamptz not null default now())`,
    )
    const rows = toRows<{ tag: string }>(await tx.execute(sql`select tag from payhook_migrations`))
    const done = new Set(rows.map((row) => row.tag))
    for (const file of files) {
      if (done.has(file.tag)) continue
      for (const statement of file.statements) await tx.execute(sql.raw(statement))
      await tx.execute(sql`insert into payhook_migrations (tag) values (${file.tag})`)
    }
  })
}

/** Runs `work` in a transaction while no other starting process migrates or does the same. */
export function exclusively<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(String(MIGRATION_LOCK))})`)
    return work(tx)
  })
}

async function isApplied(database: DatabaseHandle, tag: string | undefined): Promise<boolean> {
  const found = toRows<{ name: string | null }>(
    await database.db.execute(sql`select to_regclass('payhook_migrations')::text as name`),
  )
  if (!found[0]?.name) return false
  const rows = await database.db.execute(sql`select tag from payhook_migrations where tag = ${tag ?? ''}`)
  return toRows(rows).length > 0
}

type Migration = { tag: string; statements: string[] }

/** Drizzle Kit's journal says the order; its files separate statements by a marker. */
function migrationFiles(): Migration[] {
  const journal = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8')) as {
    entries: { tag: string }[]
  }
  return journal.entries.map(({ tag }) => ({
    tag,
    statements: readFileSync(`${migrationsFolder}/${tag}.sql`, 'utf8').split('--> statement-breakpoint'),
  }))
}

/** The rows of `execute`: postgres.js answers an array, PGlite an object that holds one. */
export function toRows<T>(result: unknown): T[] {
  if (Array.isArray(result)) return [...result] as T[]
  if (typeof result === 'object' && result !== null && 'rows' in result && Array.isArray(result.rows))
    return result.rows as T[]
  throw new TypeError('execute() answered neither rows nor a result with rows')
}
