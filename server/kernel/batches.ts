/** Calls at the same time that can be done together for less than one by one. */
export type Batches<Context, Item, Result> = {
  /** With others of this group that wait at this moment; at once where none does. The work has the first one's context. */
  add(group: string, context: Context, item: Item): Promise<Result>
}

/** What became of each item, in their order; or it throws, which is then everybody's. */
export type BatchWork<Context, Item, Result> = (
  context: Context,
  items: readonly Item[],
) => Promise<readonly PromiseSettledResult<Result>[]>

type Waiting<Context, Item, Result> = {
  context: Context
  item: Item
  resolve(result: Result): void
  reject(reason: unknown): void
}

/** `atOnce` batches of a group run at the same time, with at most so many items each. */
export function createBatches<Context, Item, Result>(
  work: BatchWork<Context, Item, Result>,
  { atOnce, most }: { atOnce: number; most: number },
): Batches<Context, Item, Result> {
  const groups = new Map<string, { running: number; queue: Waiting<Context, Item, Result>[] }>()

  async function run(group: string, batch: readonly Waiting<Context, Item, Result>[]): Promise<void> {
    const [first] = batch
    if (!first) return
    try {
      const items = batch.map(({ item }) => item)
      const outcomes = await work(first.context, items)
      batch.forEach(({ resolve, reject }, at) => {
        const outcome = outcomes[at]
        if (outcome?.status === 'fulfilled') resolve(outcome.value)
        else reject(outcome?.reason ?? new Error('a batch answers each of its items'))
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    const state = groups.get(group)
    if (!state) return
    state.running--
    next(group)
  }

  function next(group: string): void {
    const state = groups.get(group)
    if (!state || state.running >= atOnce) return
    if (state.queue.length > 0) {
      state.running++
      void run(group, state.queue.splice(0, most))
    } else if (state.running === 0) groups.delete(group)
  }

  return {
    add: (group, context, item) =>
      new Promise((resolve, reject) => {
        const state = groups.get(group) ?? { running: 0, queue: [] }
        groups.set(group, state)
        state.queue.push({ context, item, resolve, reject })
        next(group)
      }),
  }
}
