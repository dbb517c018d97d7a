import { fullGC, heapSize } from 'bun:jsc'

/** What a full collection must be worth, in bytes. */
const WORTH = 8 * 2 ** 20
/** Of the heap that is in use, at least this share. */
const WORTH_SHARE = 1 / 2

const LOOK_EVERY = 256

/**
 * Called for each request. What belongs to a request lives as long as the receiver takes to answer, and so outlives the collections
 * of young objects; those of all objects come only after some 30 MB of growth. This asks for one sooner, which takes about a
 * hundredth of the time of a busy sender, and nothing of an idle one.
 */
export function createCollector(): () => void {
  let requests = 0
  let inUse = Number.POSITIVE_INFINITY
  return () => {
    requests++
    if (requests % LOOK_EVERY !== 0) return
    const size = heapSize()
    inUse = Math.min(inUse, size)
    if (size - inUse < Math.max(WORTH, inUse * WORTH_SHARE)) return
    fullGC()
    inUse = heapSize()
  }
}
