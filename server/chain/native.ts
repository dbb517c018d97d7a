import type { BlockRef, IsWatched, Transfer } from '../ports/network'
import { type EvmTransaction, quantityOf } from './answers'
import { type EvmBlock, receiptOf } from './evm-block'
import type { Node } from './nodes'
import { inParallel } from './ranges'
import type { Tokens } from './tokens'

/*
 * Ether and BNB leave no logs. What a transaction itself sends is in the block; what a contract sends on its way (a payout to many,
 * a wallet that is a contract) is only in the balances. Whoever a contract pays is nearly always named in the transaction's calldata,
 * so the balances of watched addresses that are named there are compared with those of the block before; balances.ts does it for
 * the addresses that a payment waits at, named or not.
 */

export type NativeReader = {
  node: Node
  block: EvmBlock
  ref: BlockRef
  tokens: Tokens
  addressOf: (hex: string) => string
  isWatched: IsWatched
}

const RECEIPTS_AT_ONCE = 8

/** The first place of what contracts sent; those of the transactions themselves are −1 and below. */
const INTERNAL_PLACE = -1_000_000

/** By their transactions' own values, of those that didn't fail. */
export async function topLevelTransfers(reader: NativeReader): Promise<Transfer[]> {
  const { node, block, ref, addressOf, isWatched } = reader
  const ours = block.transactions.flatMap(({ to, ...rest }) => {
    return rest.value > 0n && to !== null && rest.from !== to && isWatched(to) ? [{ to, ...rest }] : []
  })
  const found = await inParallel(ours, RECEIPTS_AT_ONCE, async ({ hash, index, from, to, value }) => {
    if (!(await receiptOf(node, block, hash)).succeeded) return []
    const place = { txHash: hash, logIndex: -1 - index, coin: 'native' as const }
    return [{ ...place, from: addressOf(from), to: addressOf(to), units: value, block: ref }]
  })
  return found.flat()
}

/** What contracts sent to watched addresses. Throws when the node has no balances of the block any more. */
export async function internalTransfers(reader: NativeReader, topLevel: readonly Transfer[]): Promise<Transfer[]> {
  const { addressOf, ref } = reader
  const transfers: Transfer[] = []
  for (const [to, { tx, word }] of namedInCalldata(reader)) {
    const units = await unexplainedGain(reader, to, topLevel, await balancesAround(reader, to))
    if (units <= 0n) continue
    const logIndex = INTERNAL_PLACE - tx.index * MOST_WORDS - word
    const sent = { txHash: tx.hash, logIndex, coin: 'native' as const, units, block: ref }
    transfers.push({ ...sent, from: addressOf(tx.to ?? tx.from), to: addressOf(to) })
  }
  return transfers
}

/**
 * Nodes take transactions of at most 128 KiB. The place of the word that names the address is the transfer's own, whoever else is
 * watched when the block is read again.
 */
const MOST_WORDS = 4_096

const ZEROS = '0'.repeat(24)

type Named = { tx: EvmTransaction; word: number }

/** Watched addresses that calldata names in a word of its own, each with the first transaction that does. */
function namedInCalldata({ block, tokens, isWatched }: NativeReader): Map<string, Named> {
  const named = new Map<string, Named>()
  for (const tx of block.transactions) {
    if (tx.to === null || tokens.has(tx.to)) continue
    for (let at = 10; at + 64 <= tx.input.length; at += 64) {
      // An address has its upper bytes empty, and a small number nearly all of them.
      if (!tx.input.startsWith(ZEROS, at) || tx.input.startsWith('00000000', at + 24)) continue
      const hex = `0x${tx.input.slice(at + 24, at + 64).toLowerCase()}`
      if (!named.has(hex) && isWatched(hex)) named.set(hex, { tx, word: (at - 10) / 64 })
    }
  }
  return named
}

/** What an address gained in the block beyond what transactions sent it, and beside what it spent itself. */
export async function unexplainedGain(
  reader: NativeReader,
  hex: string,
  topLevel: readonly Transfer[],
  { before, after }: BalancesAround,
): Promise<bigint> {
  const { node, block, addressOf } = reader
  let gain = after - before - (block.withdrawals.get(hex) ?? 0n)
  for (const { to, units } of topLevel) if (to === addressOf(hex)) gain -= units
  for (const { from, to, hash, value } of block.transactions) {
    if (from !== hex) continue
    const { fee, succeeded } = await receiptOf(node, block, hash)
    gain += fee + (succeeded && to !== hex ? value : 0n)
  }
  return gain
}

type BalancesAround = { before: bigint; after: bigint }

async function balancesAround({ node, block }: NativeReader, hex: string): Promise<BalancesAround> {
  const [after, before] = await Promise.all([balanceAt(node, hex, block.hash), balanceAt(node, hex, block.parentHash)])
  return { before, after }
}

export async function balanceAt(node: Node, hex: string, blockHash: string): Promise<bigint> {
  return quantityOf(await node.call('eth_getBalance', [hex, { blockHash }]), 'the balance')
}
