import { RpcFailure } from './rpc'

/** How many blocks are asked for at once: half as many after a node choked on them, and slowly more again when it didn't. */
export type AdaptiveRange = {
  /** Answers what `read` did with the last block that it is given, which isn't above `last`. */
  run<T>(first: bigint, last: bigint, read: (to: bigint) => Promise<T>): Promise<T>
  size(): bigint
}

export function createAdaptiveRange({ start, most }: { start: bigint; most: bigint }): AdaptiveRange {
  let size = start
  async function run<T>(first: bigint, last: bigint, read: (to: bigint) => Promise<T>): Promise<T> {
    for (;;) {
      const wanted = first + size - 1n
      const to = wanted < last ? wanted : last
      const asked = to - first + 1n
      try {
        const result = await read(to)
        if (asked === size) size = least(most, size + size / 8n + 1n)
        return result
      } catch (error) {
        const kind = error instanceof RpcFailure ? error.kind : undefined
        if (asked === 1n || kind === undefined || kind === 'foreign') throw error
        // Of many calls more fail than of few, so that the next node is asked for less; only a node that says why is asked again.
        size = asked / 2n
        if (kind !== 'too_large') throw error
      }
    }
  }
  return { run, size: () => size }
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** Some at a time, in order: a node that is asked for everything at once refuses everything. */
export async function inParallel<In, Out>(items: readonly In[], width: number, work: (item: In) => Promise<Out>) {
  const results = new Array<Out>(items.length)
  let next = 0
  const lane = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as In)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
  return results
}
