import type { Transfer } from '../ports/network'
import { bytesOf, type EvmTransaction } from './answers'
import { balanceAt, type NativeReader, unexplainedGain } from './native'
import type { Node } from './nodes'
import { inParallel } from './ranges'
import { RpcFailure } from './rpc'

/*
 * Native money that shows nowhere but in a balance: a contract sent it, and no calldata names the address in a word of its own (packed
 * arguments, a splitter with fixed receivers). Looked for at the addresses that a payment waits at, all of whose balances are one call.
 */

/** A block, and what was found in it before. */
export type ReadBlock = NativeReader & { sent: readonly Transfer[]; transfers: readonly Transfer[] }

/** Balances by the hash of a block, of the blocks that were looked at last: a run begins where the one before has ended. */
export type Balances = Map<string, Map<string, bigint>>

export function createBalances(): Balances {
  return new Map()
}

const REMEMBERED = 4
/** Their words fit into what a node takes as code, and into what it gives back. */
const AT_ONCE = 400
const SINGLY_AT_ONCE = 8
const STRETCHES_AT_ONCE = 8

/** Below all other places, and the address's own: the transfer of a block that is read again is the same one. */
const UNNAMED_PLACE = -1_000_000_000

const NOBODY = `0x${'0'.repeat(40)}`

/** Blocks one after the other, and the addresses of which some may have gained there. */
type Stretch = { run: readonly ReadBlock[]; hexes: readonly string[] }

/**
 * Of a run of blocks, the first and the last included. Where balances changed otherwise than its blocks say, it is halved until the
 * ones are found that did it: few calls, however long it is. Throws when the node has no balances of them any more.
 */
export async function unnamedTransfers(
  balances: Balances,
  run: readonly ReadBlock[],
  awaited: readonly string[],
): Promise<Transfer[]> {
  const [start, end] = [run[0], run.at(-1)]
  if (!start || !end || awaited.length === 0) return []
  const hexes = [...new Set(awaited.map((address) => address.toLowerCase()))]
  await learnBalances(balances, start.node, hexes, start.block.parentHash)
  await learnBalances(balances, end.node, hexes, end.block.hash)
  const said = saidIn(run, new Set(hexes))
  const gains: Transfer[] = []
  for (let stretches: Stretch[] = [{ run, hexes }]; stretches.length > 0; ) {
    const halves = await inParallel(stretches, STRETCHES_AT_ONCE, async (stretch) => {
      const changed = changedIn(balances, stretch, said)
      const [only, second] = stretch.run
      if (changed.length === 0 || !only) return []
      if (second) return halvesOf(balances, { run: stretch.run, hexes: changed })
      gains.push(...(await gainsOf(balances, only, changed)))
      return []
    })
    stretches = halves.flat()
  }
  forgetOldest(balances, end.block.hash)
  return gains
}

/** What a block says of the addresses by itself. */
type Said = { gains: ReadonlyMap<string, bigint>; spenders: ReadonlySet<string> }

/** By block. Who spends may get the same back in one run. */
function saidIn(run: readonly ReadBlock[], hexes: ReadonlySet<string>): Map<ReadBlock, Said> {
  return new Map(
    run.map((read) => {
      const { block, transfers } = read
      const gains = new Map<string, bigint>()
      const gain = (hex: string, units: bigint) => hexes.has(hex) && gains.set(hex, (gains.get(hex) ?? 0n) + units)
      for (const { coin, to, units } of transfers) if (coin === 'native') gain(to.toLowerCase(), units)
      for (const [hex, units] of block.withdrawals) gain(hex, units)
      const spenders = new Set(block.transactions.map(({ from }) => from).filter((hex) => hexes.has(hex)))
      return [read, { gains, spenders }] as const
    }),
  )
}

/** Those whose balances changed by more, or less, than their blocks say. */
function changedIn(balances: Balances, { run, hexes }: Stretch, said: ReadonlyMap<ReadBlock, Said>): string[] {
  const before = balances.get(run[0]?.block.parentHash ?? '')
  const after = balances.get(run.at(-1)?.block.hash ?? '')
  return hexes.filter((hex) => {
    let unsaid = (after?.get(hex) ?? 0n) - (before?.get(hex) ?? 0n)
    for (const read of run) unsaid -= said.get(read)?.gains.get(hex) ?? 0n
    return unsaid !== 0n || run.some((read) => said.get(read)?.spenders.has(hex))
  })
}

async function halvesOf(balances: Balances, { run, hexes }: Stretch): Promise<Stretch[]> {
  const half = run.length >> 1
  const middle = run[half - 1]
  if (middle) await learnBalances(balances, middle.node, hexes, middle.block.hash)
  return [
    { run: run.slice(0, half), hexes },
    { run: run.slice(half), hexes },
  ]
}

async function learnBalances(balances: Balances, node: Node, wanted: readonly string[], blockHash: string) {
  const known = balances.get(blockHash) ?? new Map<string, bigint>()
  balances.set(blockHash, known)
  const missing = wanted.filter((hex) => !known.has(hex))
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const some = missing.slice(at, at + AT_ONCE)
    const found = (await allAt(node, some, blockHash)) ?? (await singly(node, some, blockHash))
    some.forEach((hex, nth) => {
      known.set(hex, found[nth] ?? 0n)
    })
  }
}

function forgetOldest(balances: Balances, newest: string) {
  const kept = balances.get(newest)
  balances.delete(newest)
  if (kept) balances.set(newest, kept)
  for (const oldest of balances.keys()) if (balances.size > REMEMBERED) balances.delete(oldest)
}

/**
 * Code that a call without a receiver runs, as if it made a contract, and whose answer is what the contract would be: the balances of the
 * addresses that follow the code, a word each. Every node has that, and no contract of anybody's is needed.
 */
const BALANCES_CODE = '602138038060213d393d5b81811015601d578051318152602001600a565b503df3'

/** Undefined where the node doesn't do it. */
async function allAt(node: Node, hexes: readonly string[], blockHash: string): Promise<bigint[] | undefined> {
  const words = hexes.map((hex) => hex.slice(2).padStart(64, '0')).join('')
  try {
    const answer = await node.call('eth_call', [{ data: `0x${BALANCES_CODE}${words}` }, { blockHash }])
    const found = bytesOf(answer, 'the balances').slice(2).match(/.{64}/g) ?? []
    return found.length === hexes.length ? found.map((word) => BigInt(`0x${word}`)) : undefined
  } catch (error) {
    const isRefused = error instanceof RpcFailure && (error.kind === 'lacking' || error.kind === 'unsupported')
    if (isRefused) return undefined
    throw error
  }
}

function singly(node: Node, hexes: readonly string[], blockHash: string): Promise<bigint[]> {
  return inParallel(hexes, SINGLY_AT_ONCE, (hex) => balanceAt(node, hex, blockHash))
}

/** In one block. */
async function gainsOf(balances: Balances, read: ReadBlock, hexes: readonly string[]): Promise<Transfer[]> {
  const { addressOf, block, ref, sent, transfers } = read
  const found = await inParallel(hexes, SINGLY_AT_ONCE, async (hex): Promise<Transfer[]> => {
    const to = addressOf(hex)
    // What calldata names is found already, with all that the block holds for the address.
    if (transfers.some((one) => one.to === to && one.coin === 'native' && !sent.includes(one))) return []
    const before = balances.get(block.parentHash)?.get(hex) ?? 0n
    const after = balances.get(block.hash)?.get(hex) ?? 0n
    const units = await unexplainedGain(read, hex, sent, { before, after })
    if (units <= 0n) return []
    const payer = payerOf(read, hex)
    const from = addressOf(payer?.to ?? payer?.from ?? NOBODY)
    const logIndex = UNNAMED_PLACE - (Number.parseInt(hex.slice(-8), 16) >>> 2)
    return [{ txHash: payer?.hash ?? block.hash, logIndex, coin: 'native', from, to, units, block: ref }]
  })
  return found.flat()
}

/** The transaction whose data has the address in it somewhere, or the only one that may have moved money on. Undefined else. */
function payerOf({ block, tokens }: ReadBlock, hex: string): EvmTransaction | undefined {
  const calls = block.transactions.filter(({ from, to }) => from !== hex && to !== hex && !(to && tokens.has(to)))
  const digits = hex.slice(2)
  return calls.find(({ input }) => input.toLowerCase().includes(digits)) ?? (calls.length === 1 ? calls[0] : undefined)
}
