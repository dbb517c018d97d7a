import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/client'
import type { Credential } from './lookup'
import { apiKeys } from './table'

/** When each key was last used, written now and then instead of on every request. */
export type KeyUsage = {
  note(credential: Credential, at: Date): void
  /** Writes what was noted since the last flush. A failure keeps the notes for the next one. */
  flush(db: Db): Promise<void>
}

export function createKeyUsage(): KeyUsage {
  let noted = new Map<string, { storeId: bigint; at: Date }>()
  return {
    note: (credential, at) => void noted.set(credential.keyId, { storeId: credential.storeId, at }),
    flush: async (db) => {
      const batch = noted
      noted = new Map()
      for (const [id, { storeId, at }] of batch) {
        try {
          await db
            .update(apiKeys)
            .set({ lastUsedAt: at })
            .where(and(eq(apiKeys.storeId, storeId), eq(apiKeys.id, id)))
          batch.delete(id)
        } catch (error) {
          for (const [key, value] of batch) if (!noted.has(key)) noted.set(key, value)
          throw error
        }
      }
    },
  }
}
