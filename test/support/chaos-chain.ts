import type { Anvil } from './anvil'

type Block = { number: string; hash: string; transactions: { hash: string; from: string }[] }

/** A chain that goes on by itself, and now and then replaces its newest blocks; what they held comes again, at once or later. */
export type ChaosChain = {
  /** How often blocks were replaced. */
  replaced: number
  stop(): Promise<void>
}

const DEEPEST = 5

export function runChaosChain(anvil: Anvil, random: () => number, everyMs: number): ChaosChain {
  /** Signed transactions of dropped blocks, which their wallets send again. */
  const dropped: string[] = []
  let isOver = false
  const chain: ChaosChain = {
    replaced: 0,
    stop: () => {
      isOver = true
      return running
    },
  }

  async function replace() {
    const depth = 1 + Math.floor(random() * DEEPEST)
    const head = Number(await anvil.head())
    if (head <= depth) return
    const again: (readonly [raw: string, at: number])[] = []
    /** A sender's transactions come again in their order, or not yet. */
    const left = new Set<string>()
    for (let number = head - depth + 1; number <= head; number += 1) {
      const block = (await anvil.call('eth_getBlockByNumber', `0x${number.toString(16)}`, true)) as Block
      for (const { hash, from } of block.transactions) {
        const raw = String(await anvil.call('eth_getRawTransactionByHash', hash))
        const isAgain = !left.has(from) && random() < 0.6
        if (isAgain) again.push([raw, depth - 1])
        else dropped.push(raw)
        if (!isAgain) left.add(from)
      }
    }
    await anvil.call('anvil_reorg', depth, again)
    // Each time anvil's clock falls behind by what was replaced, and no miner's does.
    await anvil.call('evm_setTime', Math.floor(Date.now() / 1_000))
    chain.replaced += 1
  }

  const running = (async () => {
    while (!isOver) {
      if (random() < 0.12) await replace()
      // What is in a block, or waits for one, is refused.
      for (const raw of dropped.splice(0)) await anvil.call('eth_sendRawTransaction', raw).catch(() => undefined)
      await anvil.mine()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return chain
}
