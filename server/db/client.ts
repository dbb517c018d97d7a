import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import type { ExtractTablesWithRelations } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type postgres from 'postgres'
import { lockFolder } from './lock'

type NoSchema = Record<string, never>

/** PostgreSQL or PGlite, or a transaction on either: services don't know which. */
export type Db = PgDatabase<PgQueryResultHKT, NoSchema, ExtractTablesWithRelations<NoSchema>>

export type DatabaseHandle = {
  db: Db
  kind: 'postgres' | 'pglite'
  /** Runs a file of several statements, for migrations. */
  runScript(script: string): Promise<void>
  /** Throws when the database doesn't answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * Connections of one process to PostgreSQL. The driver takes them in turn, so that each of many is cold when its turn comes: on two
 * cores, eight answer more than sixteen. Where there are more statements than connections, they queue at those that are busy.
 */
export const POOL_SIZE = 8

/** The type's number in PostgreSQL's catalogue. */
const TIMESTAMPTZ = 1184

export async function openPostgres(url: string, poolSize = POOL_SIZE): Promise<DatabaseHandle> {
  const [{ default: connect }, { drizzle }] = await Promise.all([import('postgres'), import('drizzle-orm/postgres-js')])
  const client: postgres.Sql = connect(url, { max: poolSize, onnotice: () => undefined })
  const db = drizzle(client)
  // Drizzle hands times to the driver as they are and encodes only those it knows the column of, which a placeholder in a
  // WHERE doesn't tell it: a Date there would fail on PostgreSQL, and on PostgreSQL alone.
  client.options.serializers[TIMESTAMPTZ] = (value: unknown) => (value instanceof Date ? value.toISOString() : value)
  return {
    db,
    kind: 'postgres',
    runScript: async (script) => {
      await client.unsafe(script)
    },
    ping: async () => {
      await client`select 1`
    },
    close: () => client.end({ timeout: 5 }),
  }
}

/**
 * PGlite on a folder, held by a lock of our own: PGlite has none, and a second process on one folder destroys rows.
 * Throws FolderInUseError when another process has it.
 */
export async function openPglite(folder: string): Promise<DatabaseHandle> {
  // Buyers' addresses and signing secrets are inside: nobody else on the machine may read them.
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const data = join(folder, 'pgdata')
  // Of another user's folder, PGlite throws an object that says nothing.
  for (const path of [folder, data]) if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK)
  const lock = lockFolder(folder)
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    const handle = await wrapPglite(await PGlite.create(data))
    return {
      ...handle,
      close: async () => {
        await handle.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** A PGlite that the caller made, as tests do from a template. */
export async function wrapPglite(client: PGlite): Promise<DatabaseHandle> {
  const { drizzle } = await import('drizzle-orm/pglite')
  return {
    db: drizzle(client),
    kind: 'pglite',
    runScript: async (script) => {
      await client.exec(script)
    },
    ping: async () => {
      await client.query('select 1')
    },
    close: () => client.close(),
  }
}
