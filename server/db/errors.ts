/** SQLSTATE 23505: a key is there already. Which one, the drivers say differently, and a sharded database not at all. */
export function isUniqueViolation(error: unknown): boolean {
  // Drizzle hands the driver's error on as the cause of its own.
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === '23505'
}
