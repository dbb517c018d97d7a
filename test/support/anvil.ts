import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

/** A chain of our own, on this machine: blocks only when `mine` is called, and the second block before the head is final, unless said. */
export type Anvil = {
  url: string
  call(method: string, ...params: unknown[]): Promise<unknown>
  /** Unlocked and rich. */
  payer: `0x${string}`
  /** Waits for the next block. Answers the transaction's hash. */
  send(tx: { to: string; value?: bigint; data?: string; gas?: bigint }): Promise<string>
  mine(blocks?: number): Promise<void>
  /** Drops the newest blocks with all that is in them, for as many empty ones. */
  reorg(blocks: number): Promise<void>
  head(): Promise<bigint>
  stop(): Promise<void>
}

/** An error of the node's own, as JSON-RPC has it. */
export class NodeError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message)
  }
}

/** The platform's binary itself: killing its wrapper would leave it running. */
function binary(): string {
  const name = process.arch === 'x64' ? 'amd64' : process.arch
  const platform = process.platform === 'win32' ? 'win32' : process.platform
  return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${platform}-${name}/bin/anvil`)
}

export async function startAnvil(chainId: number, { final = 2, accounts = 2 } = {}): Promise<Anvil> {
  const flags = ['--port', '0', '--chain-id', String(chainId), '--no-mining', '--order', 'fifo']
  const sizes = ['--slots-in-an-epoch', String(final / 2), '--accounts', String(accounts)]
  const child = spawn(binary(), [...flags, ...sizes], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await listening(child)
  const call = (method: string, ...params: unknown[]) => rpc(url, method, params)
  const [payer] = (await call('eth_accounts')) as `0x${string}`[]
  if (!payer) throw new Error('anvil has no accounts')
  const hex = (value: bigint | undefined) => value !== undefined && `0x${value.toString(16)}`
  return {
    url,
    call,
    payer,
    send: async ({ to, value, data, gas }) => {
      const tx = {
        from: payer,
        to,
        ...(data && { data }),
        ...(value && { value: hex(value) }),
        gas: hex(gas ?? 500_000n),
      }
      return String(await call('eth_sendTransaction', tx))
    },
    mine: async (blocks = 1) => {
      for (let nth = 0; nth < blocks; nth += 1) await call('evm_mine')
    },
    reorg: async (blocks) => {
      await call('anvil_reorg', blocks, [])
    },
    head: async () => BigInt(String(await call('eth_blockNumber'))),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill()
      }),
  }
}

async function listening(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('anvil has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const host = /Listening on (\S+)/.exec(line)?.[1]
    if (host) return `http://${host}`
  }
  throw new Error('anvil did not start')
}

async function rpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const signal = AbortSignal.timeout(60_000)
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal })
  const answer = (await response.json()) as { result?: unknown; error?: { code: number; message: string } }
  if (answer.error) throw new NodeError(answer.error.code, answer.error.message)
  return answer.result
}
