import type { Deps } from './context'
import { reanchor } from './domain/chains/reanchor'
import { rescan } from './domain/chains/rescan'
import { MOST_RESCANNED, NewReanchoring, NewRescan } from './domain/chains/schema'
import { AppError } from './kernel/errors'

/**
 * The command `rescan <network> <from block> [<to block>]`, or with the hash of a transaction: as the operation of that name, for as many
 * blocks as are wanted. It may be broken off and begun again. Throws AppError on what it doesn't understand.
 */
async function rescanBlocks(deps: Deps, args: readonly string[], print: (line: string) => void): Promise<void> {
  const total = { seen: 0, added: 0 }
  for (const input of inputsOf(args)) {
    const { from, to, seen, added } = await rescan(deps, input)
    total.seen += seen
    total.added += added
    print(`${input.network} ${from} to ${to}: ${seen} transfers, ${added} of them missed before`)
  }
  print(`${total.added} transfers were added.`)
}

/** The command `reanchor <network>`: as the operation of that name. Throws AppError. */
async function reanchorNetwork(deps: Deps, args: readonly string[], print: (line: string) => void): Promise<void> {
  const [name, ...more] = args
  const { data } = NewReanchoring.safeParse({ network: name })
  if (!data || more.length > 0) throw new AppError('invalid_request', 'reanchor wants a network: reanchor bsc')
  const { from, orphans } = await reanchor(deps, data.network)
  print(`${data.network} is read again from block ${from}. ${orphans} transfers are gone, until they are found again.`)
}

function inputsOf([network, first = '', last, ...more]: readonly string[]): NewRescan[] {
  const usage =
    'rescan wants a network and a block, two blocks, or the hash of a transaction: rescan bsc 45000000 45000999'
  const isHash = /^(0x)?[0-9a-f]{64}$/i.test(first)
  const [from, to] = [Number(first), Number(last ?? first)]
  const isRange = /^\d+$/.test(first) && /^\d+$/.test(last ?? '0') && from <= to
  if (more.length > 0 || !(isRange || (isHash && last === undefined))) throw new AppError('invalid_request', usage)
  if (isHash) return [read({ network, tx_hash: first })]
  const inputs: NewRescan[] = []
  for (let at = from; at <= to; at += MOST_RESCANNED) {
    inputs.push(read({ network, from_block: at, to_block: Math.min(to, at + MOST_RESCANNED - 1) }))
  }
  return inputs
}

function read(input: unknown): NewRescan {
  const { data, error } = NewRescan.safeParse(input)
  if (data) return data
  throw new AppError(
    'invalid_request',
    error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  )
}

type ChainCommand = (deps: Deps, args: readonly string[], print: (line: string) => void) => Promise<void>

export const CHAIN_COMMANDS: ReadonlyMap<string, ChainCommand> = new Map([
  ['rescan', rescanBlocks],
  ['reanchor', reanchorNetwork],
])
