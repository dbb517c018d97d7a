import { randomUUID } from 'node:crypto'
import type { Deps, Turn } from '../../context'
import type { NetworkName } from '../../kernel/networks'
import type { Network } from '../../ports/network'
import { type Chain, liveChain } from './chain'
import { giveWatchBack, HELD_MS, takeWatch } from './lease'
import { createPace } from './pace'
import { createWatcher } from './watcher'

/**
 * The background work of one network: watches it while this process may, which ends when the process stops or another one has taken
 * over. Answers false at once where the network isn't enabled, or another process watches it.
 */
export async function watchNetwork(deps: Deps, name: NetworkName, { stopping }: Turn): Promise<boolean> {
  const network = deps.networks[name]
  if (!network) return false
  const chain = liveChain(name)
  const holder = randomUUID()
  if (!(await takeWatch(deps, chain, holder))) return false
  deps.log.info({ network: name }, 'this process watches the chain')
  deps.chainMonitor.note(name, { isWatching: true })
  const ending = new AbortController()
  const end = () => ending.abort()
  stopping.addEventListener('abort', end, { once: true })
  if (stopping.aborted) end()
  const keeping = keepWatch(deps, chain, holder, ending)
  try {
    await follow(deps, network, ending.signal)
  } finally {
    stopping.removeEventListener('abort', end)
    clearInterval(keeping)
    deps.chainMonitor.note(name, { isWatching: false })
    await giveWatchBack(deps, chain, holder)
  }
  return false
}

/** However long a node takes to answer. */
function keepWatch(deps: Deps, chain: Chain, holder: string, ending: AbortController) {
  return setInterval(() => {
    takeWatch(deps, chain, holder).then(
      (isHeld) => {
        if (isHeld) return
        deps.log.warn({ network: chain.network }, 'another process has taken over the chain')
        ending.abort()
      },
      (error: unknown) => deps.log.warn({ err: error, network: chain.network }, 'the watch could not be renewed'),
    )
  }, HELD_MS / 4)
}

async function follow(deps: Deps, network: Network, ending: AbortSignal): Promise<void> {
  const watcher = createWatcher(deps, endingWith(ending, network))
  const pace = createPace(network.name)
  const pass = async () => {
    const before = watcher.steps
    try {
      const head = await watcher.catchUp(ending)
      deps.chainMonitor.noteSuccess(network.name)
      return pace.next(head, deps.clock.now())
    } catch (error) {
      if (ending.aborted) return 0
      deps.chainMonitor.noteFailure(network.name, error instanceof Error ? error.message : String(error))
      return pace.afterFailure(watcher.steps > before)
    }
  }
  while (!ending.aborted) await pause(await pass(), ending)
}

/** What a node doesn't answer in time holds up no end: nothing is written meanwhile. What is being written is waited for. */
function endingWith(ending: AbortSignal, network: Network): Network {
  return {
    name: network.name,
    head: () => orEnd(network.head(), ending),
    blockAt: (number) => orEnd(network.blockAt(number), ending),
    blockOf: (txHash) => orEnd(network.blockOf(txHash), ending),
    read: (...args) => orEnd(network.read(...args), ending),
    refusal: () => orEnd(network.refusal(), ending),
  }
}

/** Throws at the end; what `work` still does is then for nobody. */
function orEnd<T>(work: Promise<T>, ending: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(new Error('the process is ending'))
    if (ending.aborted) end()
    ending.addEventListener('abort', end, { once: true })
    work.then(resolve, reject).finally(() => ending.removeEventListener('abort', end))
  })
}

function pause(ms: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ending.aborted || ms <= 0) return resolve()
    const end = () => {
      clearTimeout(timer)
      ending.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    ending.addEventListener('abort', end, { once: true })
  })
}
