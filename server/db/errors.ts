/** SQLSTATE of a key that is there already. */
const UNIQUE_VIOLATION = '23505'

/** The name of the unique constraint or index that a statement failed by; undefined when it failed by anything else. */
export function violatedKey(error: unknown): string | undefined {
  // Drizzle hands the driver's error on as the cause of its own.
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error) || !('code' in cause) || cause.code !== UNIQUE_VIOLATION) return undefined
  // postgres.js and PGlite name it differently.
  const { constraint_name: ofPostgres, constraint: ofPglite } = cause as {
    constraint_name?: string
    constraint?: string
  }
  return ofPostgres ?? ofPglite ?? ''
}
