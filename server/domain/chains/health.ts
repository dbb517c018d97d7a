import type { Log } from '../../context'
import { addMs, type Clock, MINUTE_MS } from '../../kernel/clock'
import { greaterOf } from '../../kernel/money'
import type { NetworkName } from '../../kernel/networks'
import type { NodeHealth, NodeProblem } from '../../ports/network'

/** How a live network is, as this process knows it. */
export type ChainHealth = {
  network: NetworkName
  /** Why no payments can be made on it; null when nothing is known against it. */
  refusal: string | null
  /** This process watches it. Where another one does, what follows is unknown here, or old. */
  isWatching: boolean
  /** The newest block of its nodes. */
  head: { number: bigint; time: Date } | null
  /** The newest block that was read. */
  cursor: { number: bigint; time: Date } | null
  finalized: bigint | null
  /** Blocks that are still to be read; null when unknown. */
  lagBlocks: bigint | null
  /** How old the newest block is that was read. */
  lagSeconds: number | null
  /** The newest failure to read it; `since` when it can't be read, null when it could be after that. */
  lastError: { at: Date; message: string; since: Date | null } | null
  /** The chain replaced more than is remembered; the operator's word is awaited. */
  isHalted: boolean
  watchedAddresses: number
  reorgs: number
  /** In blocks, since the start of the process. */
  deepestReorg: bigint
  /** By the node's host and what it was, since the start of the process. */
  problems: readonly { host: string; kind: NodeProblem['kind']; count: number }[]
  nodes: readonly NodeHealth[]
}

type Noted = Omit<ChainHealth, 'network' | 'lagBlocks' | 'lagSeconds' | 'problems' | 'nodes'>

/** What watchers and nodes tell of themselves, for metrics, readiness and the log. */
export type ChainMonitor = {
  note(network: NetworkName, news: Partial<Noted>): void
  noteReorg(network: NetworkName, depth: bigint): void
  noteFailure(network: NetworkName, message: string): void
  noteSuccess(network: NetworkName): void
  noteProblem(network: NetworkName, problem: NodeProblem): void
  refusalOf(network: NetworkName): string | null
  healthOf(network: NetworkName, nodes: readonly NodeHealth[]): ChainHealth
}

const UNKNOWN: Noted = {
  refusal: null,
  isWatching: false,
  head: null,
  cursor: null,
  finalized: null,
  lastError: null,
  isHalted: false,
  watchedAddresses: 0,
  reorgs: 0,
  deepestReorg: 0n,
}

/** The same line isn't written more often. */
const QUIET_MS = 5 * MINUTE_MS

export function createChainMonitor(clock: Clock, log: Log): ChainMonitor {
  const noted = new Map<NetworkName, Noted>()
  const problems = new Map<string, { network: NetworkName; host: string; kind: NodeProblem['kind']; count: number }>()
  const isNew = onceInAWhile(clock)
  const of = (network: NetworkName) => noted.get(network) ?? UNKNOWN
  const note = (network: NetworkName, news: Partial<Noted>) => void noted.set(network, { ...of(network), ...news })

  return {
    note,
    noteReorg: (network, depth) => {
      const { reorgs, deepestReorg } = of(network)
      note(network, { reorgs: reorgs + 1, deepestReorg: greaterOf(depth, deepestReorg) })
      log.info({ network, depth: String(depth) }, 'a chain replaced blocks')
    },
    noteFailure: (network, message) => {
      const at = clock.now()
      note(network, { lastError: { at, message, since: of(network).lastError?.since ?? at } })
      if (isNew(`${network} ${message}`))
        log.warn({ network, reason: message }, 'a chain could not be read; it is tried again')
    },
    noteSuccess: (network) => {
      const { lastError } = of(network)
      if (lastError?.since) note(network, { lastError: { ...lastError, since: null } })
    },
    noteProblem: (network, { host, kind, message }) => {
      const key = `${network} ${host} ${kind}`
      const before = problems.get(key) ?? { network, host, kind, count: 0 }
      problems.set(key, { ...before, count: before.count + 1 })
      if (!isNew(`${key} ${message}`)) return
      const tell = kind === 'foreign' ? log.error : log.warn
      tell({ network, host, kind, reason: message }, 'a node is of no use at the moment')
    },
    refusalOf: (network) => of(network).refusal,
    healthOf: (network, nodes) => {
      const own = of(network)
      const { head, cursor } = own
      const behind = head && cursor ? head.number - cursor.number : null
      return {
        network,
        ...own,
        lagBlocks: behind !== null && behind < 0n ? 0n : behind,
        lagSeconds: cursor && Math.max(0, (clock.now().getTime() - cursor.time.getTime()) / 1_000),
        problems: [...problems.values()].flatMap(({ network: whose, ...rest }) => (whose === network ? rest : [])),
        nodes,
      }
    },
  }
}

/** Says once in a while whether something is new: what a node does wrong, it mostly does at every call. */
function onceInAWhile(clock: Clock): (what: string) => boolean {
  const told = new Map<string, Date>()
  return (what) => {
    const now = clock.now()
    const before = told.get(what)
    if (before && addMs(before, QUIET_MS) > now) return false
    if (told.size >= 500) told.clear()
    told.set(what, now)
    return true
  }
}
