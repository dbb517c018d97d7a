import { Database } from 'bun:sqlite'
import { join } from 'node:path'

export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'

  constructor(folder: string) {
    super(
      `Another Payhook process is using the data folder ${folder}. Stop it first, or set PAYHOOK_DATA_DIR to another folder, ` +
        'or set DATABASE_URL to a PostgreSQL server, which several processes may share.',
    )
  }
}

/** Held open here, since a handle that is garbage collected would let go of its lock. */
const held = new Set<Database>()

/**
 * Takes a folder for this process. The lock is the operating system's, through SQLite's exclusive transaction on a file of
 * its own: it is free again the moment the process ends, by kill -9 too, and a process number that is used again can't hold it.
 */
export function lockFolder(folder: string): { release(): void } {
  const file = new Database(join(folder, 'lock.sqlite'), { create: true })
  try {
    file.run('PRAGMA busy_timeout = 0')
    file.run('BEGIN EXCLUSIVE')
    held.add(file)
  } catch (error) {
    file.close()
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) {
      throw new FolderInUseError(folder)
    }
    throw error
  }
  return {
    release: () => {
      held.delete(file)
      file.close()
    },
  }
}
