import type { Transfer } from '../ports/network'
import type { EvmTransaction } from './answers'
import { balanceAt, type NativeReader, unexplainedGain } from './native'
import { inParallel } from './ranges'

/*
 * Native money that shows nowhere but in a balance: a contract sent it, and no calldata names the address in a word of its own (packed
 * arguments, a splitter with fixed receivers). Looked for at the addresses that a payment waits at, with one balance for each and run.
 */

/** A block, and what was found in it before. */
export type ReadBlock = NativeReader & { sent: readonly Transfer[]; transfers: readonly Transfer[] }

/** What an address had at the last block that was looked at: a run begins where the one before has ended. */
export type Balances = Map<string, { blockHash: string; balance: bigint }>

export function createBalances(): Balances {
  return new Map()
}

const AT_ONCE = 8

/** Below all other places, and the address's own: the transfer of a block that is read again is the same one. */
const UNNAMED_PLACE = -1_000_000_000

const NOBODY = `0x${'0'.repeat(40)}`

/** Of a run of blocks, the first and the last included. Throws when the node has no balances of them any more. */
export async function unnamedTransfers(
  balances: Balances,
  run: readonly ReadBlock[],
  awaited: readonly string[],
): Promise<Transfer[]> {
  const wanted = new Set(awaited.map((address) => address.toLowerCase()))
  for (const hex of balances.keys()) if (!wanted.has(hex)) balances.delete(hex)
  const found = await inParallel([...wanted], AT_ONCE, async (hex) =>
    (await hasChanged(balances, run, hex)) ? gainsOf(run, hex) : [],
  )
  return found.flat()
}

async function hasChanged(balances: Balances, run: readonly ReadBlock[], hex: string): Promise<boolean> {
  const [start, end] = [run[0], run.at(-1)]
  if (!start || !end) return false
  const { parentHash } = start.block
  const known = balances.get(hex)
  const before = known?.blockHash === parentHash ? known.balance : await balanceAt(start.node, hex, parentHash)
  const after = await balanceAt(end.node, hex, end.block.hash)
  balances.set(hex, { blockHash: end.block.hash, balance: after })
  // Who spends may get the same back in one run.
  return before !== after || run.some(({ block }) => block.transactions.some(({ from }) => from === hex))
}

async function gainsOf(run: readonly ReadBlock[], hex: string): Promise<Transfer[]> {
  const gains: Transfer[] = []
  for (const read of run) {
    const { addressOf, block, ref, sent, transfers } = read
    const to = addressOf(hex)
    // What calldata names is found already, with all that the block holds for the address.
    if (transfers.some((one) => one.to === to && one.coin === 'native' && !sent.includes(one))) continue
    const units = await unexplainedGain(read, hex, sent)
    if (units <= 0n) continue
    const payer = payerOf(read, hex)
    const from = addressOf(payer?.to ?? payer?.from ?? NOBODY)
    const logIndex = UNNAMED_PLACE - (Number.parseInt(hex.slice(-8), 16) >>> 2)
    gains.push({ txHash: payer?.hash ?? block.hash, logIndex, coin: 'native', from, to, units, block: ref })
  }
  return gains
}

/** The transaction whose data has the address in it somewhere, or the only one that may have moved money on. Undefined else. */
function payerOf({ block, tokens }: ReadBlock, hex: string): EvmTransaction | undefined {
  const calls = block.transactions.filter(({ from, to }) => from !== hex && to !== hex && !(to && tokens.has(to)))
  const digits = hex.slice(2)
  return calls.find(({ input }) => input.toLowerCase().includes(digits)) ?? (calls.length === 1 ? calls[0] : undefined)
}
