/**
 * What was answered, in the order of the answers, without waiting long for the last ones: who hangs must not hold the others up. The
 * first answer begins the wait of `patienceMs`. Who fails, or has nothing to say, is left out; what comes later is dropped.
 */
export async function answeredSoon<T>(
  asked: readonly Promise<T | undefined>[],
  patienceMs: number,
): Promise<NonNullable<T>[]> {
  const answers: NonNullable<T>[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  await new Promise<void>((resolve) => {
    const take = (answer: T | undefined) => {
      if (answer === undefined || answer === null) return
      answers.push(answer)
      timer ??= setTimeout(resolve, patienceMs)
    }
    Promise.allSettled(asked.map((one) => one.then(take))).then(() => resolve())
  })
  clearTimeout(timer)
  return [...answers]
}
