import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import type { DatabaseHandle, Db } from './client'

export const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** `PAYH` as a number: the advisory lock that makes several starting processes migrate one after the other. */
const MIGRATION_LOCK = 0x50_41_59_48

/** The tables were made by SQL that isn't ours, of another version: queries would fail one by one. */
export class ForeignSchemaError extends Error {
  override readonly name = 'ForeignSchemaError'
  constructor(readonly tag: string) {
    super(`The migration ${tag} of this database is another version's.`)
  }
}

/**
 * Applies the numbered SQL files that this database hasn't had, in order, by one process at a time, all or none. An up-to-date
 * database costs two queries. Throws ForeignSchemaError when a file of ours was another when it was applied there.
 */
export async function migrate(database: DatabaseHandle): Promise<void> {
  const files = migrationFiles()
  if (missingFrom(await appliedTo(database.db), files).length === 0) return
  await exclusively(database.db, async (tx) => {
    await tx.execute(
      sql`create table if not exists payhook_migrations (tag text primary key, hash text not null, applied_at timestamptz not null default now())`,
    )
    for (const file of missingFrom(await appliedTo(tx), files)) {
      for (const statement of file.statements) await tx.execute(sql.raw(statement))
      await tx.execute(sql`insert into payhook_migrations (tag, hash) values (${file.tag}, ${file.hash})`)
    }
  })
}

function missingFrom(applied: readonly Applied[], files: readonly Migration[]): Migration[] {
  const hashes = new Map(applied.map(({ tag, hash }) => [tag, hash]))
  const foreign = files.find(({ tag, hash }) => hashes.has(tag) && hashes.get(tag) !== hash)
  if (foreign) throw new ForeignSchemaError(foreign.tag)
  return files.filter(({ tag }) => !hashes.has(tag))
}

/** `hash` is undefined where the table is older than that column. */
type Applied = { tag: string; hash?: string }

async function appliedTo(db: Db): Promise<Applied[]> {
  const [found] = toRows<{ name: string | null }>(
    await db.execute(sql`select to_regclass('payhook_migrations')::text as name`),
  )
  return found?.name ? toRows<Applied>(await db.execute(sql`select * from payhook_migrations`)) : []
}

/** Runs `work` in a transaction while no other starting process migrates or does the same. */
export function exclusively<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(String(MIGRATION_LOCK))})`)
    return work(tx)
  })
}

/** `hash` tells files of one name apart. */
type Migration = { tag: string; hash: string; statements: string[] }

/** Drizzle Kit's journal says the order; its files separate statements by a marker. */
function migrationFiles(): Migration[] {
  const journal = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8')) as {
    entries: { tag: string }[]
  }
  return journal.entries.map(({ tag }) => {
    // A checkout may have changed the ends of lines, which mean nothing.
    const text = readFileSync(`${migrationsFolder}/${tag}.sql`, 'utf8').replaceAll('\r\n', '\n')
    const hash = createHash('sha256').update(text).digest('hex')
    return { tag, hash, statements: text.split('--> statement-breakpoint') }
  })
}

/** The rows of `execute`: postgres.js answers an array, PGlite an object that holds one. */
export function toRows<T>(result: unknown): T[] {
  if (Array.isArray(result)) return [...result] as T[]
  if (typeof result === 'object' && result !== null && 'rows' in result && Array.isArray(result.rows))
    return result.rows as T[]
  throw new TypeError('execute() answered neither rows nor a result with rows')
}
