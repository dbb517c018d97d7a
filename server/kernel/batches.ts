/**
 * What became of each item, in their order; or it throws, which is then everybody's. It has the first one's context, whose
 * database and group are those of all.
 */
export type BatchWork<Context, Item, Result> = (
  context: Context,
  items: readonly Item[],
) => Promise<readonly PromiseSettledResult<Result>[]>

/** Done together with what else of this group and database there is at the moment. */
export type Batches<Context, Item, Result> = (context: Context, group: unknown, item: Item) => Promise<Result>

type Waiting<Context, Item, Result> = {
  context: Context
  item: Item
  resolve(result: Result): void
  reject(reason: unknown): void
}

type Group<Context, Item, Result> = {
  running: number
  isGathering: boolean
  queue: Waiting<Context, Item, Result>[]
}

/**
 * For calls at the same time that can be done together for less than one by one: those that come in one turn of the event loop are
 * one batch, and so are those that come while `atOnce` batches of their group run. A call that comes alone waits for nobody. `most`
 * is how many items a batch has.
 *
 * Work begins after all that it is for was asked, so that what it reads is what had been committed by then.
 */
export function createBatches<Context extends { db: object }, Item, Result>(
  work: BatchWork<Context, Item, Result>,
  { atOnce, most }: { atOnce: number; most: number },
): Batches<Context, Item, Result> {
  const databases = new WeakMap<object, Map<unknown, Group<Context, Item, Result>>>()

  function begin(groups: Map<unknown, Group<Context, Item, Result>>, name: unknown): void {
    const group = groups.get(name)
    if (!group) return
    group.isGathering = false
    while (group.queue.length > 0 && group.running < atOnce) {
      group.running++
      void run(work, group.queue.splice(0, most)).then(() => {
        group.running--
        begin(groups, name)
      })
    }
    if (group.running === 0) groups.delete(name)
  }

  return (context, name, item) => {
    const groups = databases.get(context.db) ?? new Map<unknown, Group<Context, Item, Result>>()
    databases.set(context.db, groups)
    const group = groups.get(name) ?? { running: 0, isGathering: false, queue: [] }
    groups.set(name, group)
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    group.queue.push({ context, item, resolve, reject })
    if (!group.isGathering && group.running < atOnce) {
      group.isGathering = true
      // Immediates run when everything that has arrived was read.
      setImmediate(begin, groups, name)
    }
    return promise
  }
}

async function run<Context, Item, Result>(
  work: BatchWork<Context, Item, Result>,
  batch: readonly Waiting<Context, Item, Result>[],
): Promise<void> {
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
}
