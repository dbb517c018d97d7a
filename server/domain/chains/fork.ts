import type { Deps } from '../../context'
import type { Network } from '../../ports/network'
import { type Chain, newestBlocks } from './chain'

type Place = { number: bigint; hash: string }

/** Far more than a chain replaces, and as many as the journal keeps. */
const JOURNAL = 1_024

/** The newest block that the journal and the chain have in common. Asks for few headers where few blocks were replaced. */
export async function findFork(deps: Deps, chain: Chain, network: Network): Promise<bigint | undefined> {
  const journal = await newestBlocks(deps, chain, JOURNAL)
  return (await newestShared(network, journal))?.number
}

/** Of places, the newest first, the newest one that is on the chain: what is shared stays so all the way down. */
export async function newestShared(network: Network, places: readonly Place[]): Promise<Place | undefined> {
  const isShared = async (at: number) => {
    const place = places[at]
    return place !== undefined && (await network.blockAt(place.number))?.hash === place.hash
  }
  let [replaced, shared, stride] = [-1, 0, 1]
  while (shared < places.length && !(await isShared(shared))) {
    replaced = shared
    shared += stride
    stride *= 2
  }
  shared = Math.min(shared, places.length)
  while (shared - replaced > 1) {
    const middle = (shared + replaced) >> 1
    if (await isShared(middle)) shared = middle
    else replaced = middle
  }
  return places[shared]
}
