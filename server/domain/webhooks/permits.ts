/** At most `count` holders at a time; the others wait in line. */
export function createPermits(count: number) {
  const line: (() => void)[] = []
  let free = count
  return {
    take: async () => {
      if (free > 0) free--
      else await new Promise<void>((resolve) => line.push(resolve))
    },
    give: () => {
      const next = line.shift()
      if (next) next()
      else free++
    },
  }
}
