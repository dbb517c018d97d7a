/** Minutes and seconds, such as `29:05`. What is begun counts as a whole second. */
export function timeLeft(ms: number): string {
  const seconds = Math.ceil(Math.max(0, ms) / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
