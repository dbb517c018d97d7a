import type { Anvil } from './anvil'

type Block = { number: string; hash: string; transactions: { hash: string; from: string }[] }

/** A chain that goes on by itself, and now and then replaces its newest blocks; what they held comes again, at once or later. */
export type ChaosChain = {
  /** How often blocks were replaced. */
  replaced: number
  /** As wallets do: a transaction is sent again until the chain holds it for good. False when the node knows none such. */
  keep(hash: string): Promise<boolean>
  /** Why it went on no further, which it should always do. */
  failure: unknown
  stop(): Promise<void>
}

const DEEPEST = 5

export function runChaosChain(anvil: Anvil, random: () => number, everyMs: number): ChaosChain {
  /** Signed transactions by their hashes. */
  const kept = new Map<string, string>()
  let isOver = false
  const chain: ChaosChain = {
    replaced: 0,
    failure: undefined,
    keep: async (hash) => {
      const raw = await anvil.call('eth_getRawTransactionByHash', hash)
      if (typeof raw === 'string') kept.set(hash, raw)
      return typeof raw === 'string'
    },
    stop: () => {
      isOver = true
      return running
    },
  }

  async function replace() {
    const depth = 1 + Math.floor(random() * DEEPEST)
    const head = Number(await anvil.head())
    if (head <= depth) return
    const again: string[] = []
    /** A sender's transactions come again in their order, or not yet. */
    const left = new Set<string>()
    for (let number = head - depth + 1; number <= head; number += 1) {
      const block = (await anvil.call('eth_getBlockByNumber', `0x${number.toString(16)}`, true)) as Block
      for (const { hash, from } of block.transactions) {
        const raw = String(await anvil.call('eth_getRawTransactionByHash', hash))
        const isAgain = !left.has(from) && random() < 0.6
        if (isAgain) again.push(raw)
        else left.add(from)
      }
    }
    // Not by `anvil_reorg`, whose blocks have the time of their ancestor, however long ago that was: no miner's have.
    await anvil.call('anvil_rollback', depth)
    await anvil.call('anvil_setCoinbase', `0x${String(chain.replaced + 1).padStart(40, '0')}`)
    for (let nth = 1; nth <= depth; nth += 1) {
      // What waits for a block already is refused.
      if (nth === depth) for (const raw of again) await anvil.call('eth_sendRawTransaction', raw).catch(() => undefined)
      await anvil.call('evm_setTime', Math.floor(Date.now() / 1_000))
      await anvil.mine()
    }
    chain.replaced += 1
  }

  async function sendAgain() {
    const head = await anvil.head()
    for (const [hash, raw] of kept) {
      const receipt = (await anvil.call('eth_getTransactionReceipt', hash)) as { blockNumber: string } | null
      if (receipt && Number(head) - Number(receipt.blockNumber) > DEEPEST * 2) kept.delete(hash)
      // What waits for a block already is refused.
      if (!receipt) await anvil.call('eth_sendRawTransaction', raw).catch(() => undefined)
    }
  }

  const running = (async () => {
    for (let nth = 1; !isOver; nth += 1) {
      if (random() < 0.1 || nth % 15 === 0) await replace()
      if (random() < 0.3) await sendAgain()
      await anvil.mine()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })().catch((error: unknown) => {
    chain.failure = error
  })
  return chain
}
