import type { Deps } from '../../context'
import { AppError } from '../../kernel/errors'
import { NETWORK_FACTS } from '../../kernel/networks'
import type { Network } from '../../ports/network'
import { type Chain, liveChain, readCursorOf } from './chain'
import { enabledNetwork } from './enabled'
import { takeMissed } from './intake'
import type { NewRescan } from './schema'
import { createWatchedAddresses } from './watched'

export type RescanOutcome = { from: bigint; to: bigint; seen: number; added: number }

/**
 * Reads blocks of a live network again, with the addresses of today, and takes in what is missing of them. What was there already stays
 * as it is: a transfer has one row, whoever reads its block. Only final blocks that were read before: others are the watcher's.
 * Throws network_not_enabled, and invalid_request for blocks that aren't final and a transaction that no node knows.
 */
export async function rescan(deps: Deps, input: NewRescan): Promise<RescanOutcome> {
  const network = enabledNetwork(deps, input.network)
  const chain = liveChain(input.network)
  const { from, to } = await rangeOf(network, input)
  await requireFinal(deps, chain, to, input.tx_hash === undefined ? 'to_block' : 'tx_hash')
  const watched = createWatchedAddresses(chain)
  await watched.refresh(deps)
  const outcome: RescanOutcome = { from, to, seen: 0, added: 0 }
  for (let next = from; next <= to; ) {
    const blocks = await network.read(next, to, watched.isWatched, [])
    const { seen, added } = await takeMissed(deps, chain, blocks)
    outcome.seen += seen
    outcome.added += added
    next = blocks.last.number + 1n
  }
  deps.log.info({ ...input, seen: outcome.seen, added: outcome.added }, 'blocks were read again')
  return outcome
}

async function rangeOf(network: Network, { tx_hash, from_block = 0, to_block = from_block }: NewRescan) {
  if (tx_hash === undefined) return { from: BigInt(from_block), to: BigInt(to_block) }
  const hash = `0x${tx_hash.replace(/^0x/i, '').toLowerCase()}`
  const block = await network.blockOf(hash)
  if (block !== undefined) return { from: block, to: block }
  throw refused('tx_hash', `no node of ${NETWORK_FACTS[network.name].title} has this transaction in a block`)
}

async function requireFinal(deps: Deps, chain: Chain, to: bigint, field: string): Promise<void> {
  const cursor = await readCursorOf(deps, chain)
  if (!cursor) throw refused(field, 'this network was not read yet: its watcher begins by itself')
  if (to <= cursor.finalized && to <= cursor.number) return
  const state = `The network was read up to block ${cursor.number}, and block ${cursor.finalized} was final then`
  throw refused(field, `block ${to} is not final yet, or was not read yet. ${state}`)
}

function refused(field: string, problem: string) {
  return new AppError('invalid_request', `${field}: ${problem}`, { field })
}
