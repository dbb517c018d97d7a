import { answeredSoon } from '../kernel/answered-soon'
import { type Clock, SECOND_MS } from '../kernel/clock'
import type { NodeHealth, NodeProblem } from '../ports/network'
import { type Call, createRpc, RpcFailure, type RpcOptions } from './rpc'

/** One of the operator's nodes of a network. */
export type Node = {
  /** For logs: the URL's host, since its path and query may hold a key. */
  readonly host: string
  readonly call: Call
}

/** The nodes of one network: which to ask, and whom to believe. */
export type Nodes = {
  /**
   * Does all of the work with one node, the healthiest and first configured, and all of it again with the next one when that
   * fails. Throws RpcFailure when none could: of the kind `foreign` when one isn't what it should be, else the last one's.
   */
  use<T>(work: (node: Node) => Promise<T>): Promise<T>
  /** Asks all nodes for their heads at once, and answers the newest; those that lag behind it are asked last from then on. */
  newestHead<T extends { number: bigint; time: Date }>(
    ask: (node: Node) => Promise<T>,
  ): Promise<{ head: T; node: Node }>
  /** Admits what isn't yet. Undefined when a node is what it should be, or when that isn't known; else why none is. */
  refusal(): Promise<string | undefined>
  health(): NodeHealth[]
}

export type NodesOptions = {
  urls: readonly string[]
  clock: Clock
  /** Asked of each node before it is used, and only once when it went well: the chain's id, the tokens' decimals. */
  admit: (node: Node) => Promise<void>
  /** More blocks than this behind the newest head, and a node is stale. */
  mostBehind: bigint
  report?: (problem: NodeProblem) => void
  timeoutMs?: number
  wait?: (ms: number) => Promise<unknown>
  /** JSON-RPC, unless it is another protocol. */
  connect?: (url: string, options: RpcOptions) => Call
}

type Member = {
  node: Node
  /** The operator's order is that of preference. */
  order: number
  admitted: boolean
  failures: number
  restsUntil: number
  isStale: boolean
  head: bigint | undefined
}

const LONGEST_REST_MS = 30 * SECOND_MS
/** A node that says when it can be asked again is waited for, when no other one answers, but never longer than this. */
const LONGEST_PAUSE_MS = 2 * SECOND_MS
const ROUNDS = 3
const SOON_MS = SECOND_MS
/** So long are the other nodes' heads waited for when one has answered. */
const PATIENCE_MS = 1_500
/** A head's time may be ahead of our clock by this much. */
const AHEAD_MS = 120 * SECOND_MS

export function createNodes(options: NodesOptions): Nodes {
  const { urls, clock, report, timeoutMs = 15 * SECOND_MS, wait = pause, connect = createRpc } = options
  if (urls.length === 0) throw new RangeError('a network needs at least one node')
  const members = urls.map((url, order) => newMember(url, order, onceMore(connect(url, { timeoutMs }))))

  async function attempt<T>(member: Member, work: (node: Node) => Promise<T>): Promise<T> {
    try {
      if (!member.admitted) await options.admit(member.node)
      member.admitted = true
      const result = await work(member.node)
      member.failures = 0
      member.restsUntil = 0
      return result
    } catch (error) {
      rest(member, error, clock)
      report?.({ host: member.node.host, kind: kindOf(error), message: messageOf(error) })
      throw error
    }
  }

  async function use<T>(work: (node: Node) => Promise<T>): Promise<T> {
    for (let round = 1; ; round += 1) {
      const failures: unknown[] = []
      for (const member of ranked(members, clock)) {
        try {
          return await attempt(member, work)
        } catch (error) {
          failures.push(error)
        }
      }
      const ms = pauseAfter(failures)
      if (ms === undefined || round === ROUNDS) throw worst(failures)
      await wait(ms)
    }
  }

  async function newestHead<T extends { number: bigint; time: Date }>(ask: (node: Node) => Promise<T>) {
    const timely = async (node: Node) => {
      const head = await ask(node)
      if (head.time.getTime() <= clock.now().getTime() + AHEAD_MS) return { head, node }
      throw new RpcFailure('lacking', `its head is of the future: ${head.time.toISOString()}`)
    }
    const awake = members.filter(({ restsUntil }) => restsUntil <= clock.now().getTime())
    const heads = await answeredSoon(
      awake.map((member) => attempt(member, timely)),
      PATIENCE_MS,
    )
    if (heads.length === 0) return use(timely)
    const newest = heads.reduce((best, one) => (one.head.number > best.head.number ? one : best))
    for (const { head, node } of heads) compare(node, head.number, newest.head.number)
    return newest
  }

  function compare(node: Node, head: bigint, newest: bigint) {
    const member = members.find((one) => one.node === node)
    if (!member) return
    const isStale = newest - head > options.mostBehind
    if (isStale && !member.isStale)
      report?.({ host: node.host, kind: 'stale', message: `${newest - head} blocks behind` })
    member.isStale = isStale
    member.head = head
  }

  const health = () =>
    members.map(({ node: { host }, failures, restsUntil, isStale, head }) => {
      return { host, failures, isResting: restsUntil > clock.now().getTime(), isStale, head }
    })
  return { use, newestHead, refusal: () => refusalOf(members, (member) => attempt(member, async () => {})), health }
}

function newMember(url: string, order: number, call: Call): Member {
  const node = { host: new URL(url).host, call }
  return { node, order, admitted: false, failures: 0, restsUntil: 0, isStale: false, head: undefined }
}

async function refusalOf(members: readonly Member[], admit: (member: Member) => Promise<void>) {
  if (members.some(({ admitted }) => admitted)) return undefined
  const outcomes = await Promise.allSettled(members.map(admit))
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  const foreign = errors.find((error) => kindOf(error) === 'foreign')
  return errors.length < outcomes.length || foreign === undefined ? undefined : messageOf(foreign)
}

/** A call that failed in no time is made again: a run of blocks is many calls, and needn't be lost with one broken connection. */
function onceMore(call: Call): Call {
  return async (method, params) => {
    const started = performance.now()
    try {
      return await call(method, params)
    } catch (error) {
      if (kindOf(error) !== 'failed' || performance.now() - started > SOON_MS) throw error
      return call(method, params)
    }
  }
}

/** Even those that rest are asked, last: one answer is better than none. */
function ranked(members: readonly Member[], clock: Clock): Member[] {
  const now = clock.now().getTime()
  const rankOf = ({ restsUntil, isStale }: Member) => (restsUntil > now ? 2 : 0) + (isStale ? 1 : 0)
  return [...members].sort((a, b) => rankOf(a) - rankOf(b) || a.restsUntil - b.restsUntil || a.order - b.order)
}

/** A node that lacks a block, or sends less than was asked for, is well otherwise: it is only asked after the others. */
function rest(member: Member, error: unknown, clock: Clock) {
  member.failures += 1
  const kind = kindOf(error)
  if (kind === 'too_large' || kind === 'unsupported') return
  const backoffMs = Math.min(LONGEST_REST_MS, 250 * 2 ** Math.min(member.failures, 7))
  const asked = error instanceof RpcFailure ? error.retryAfterMs : undefined
  const ms = kind === 'lacking' ? 250 : Math.max(backoffMs, Math.min(asked ?? 0, LONGEST_REST_MS))
  member.restsUntil = clock.now().getTime() + ms
}

/** Undefined unless a node only wants to be left alone for a moment. */
function pauseAfter(failures: readonly unknown[]): number | undefined {
  const limited = failures.flatMap((one) => (one instanceof RpcFailure && one.kind === 'rate_limited' ? one : []))
  if (limited.length === 0) return undefined
  return Math.min(LONGEST_PAUSE_MS, ...limited.map(({ retryAfterMs }) => retryAfterMs ?? 500))
}

/** What an operator must repair comes before what asking for less would repair, and that before what passes by itself. */
function worst(failures: readonly unknown[]): unknown {
  const of = (kind: RpcFailure['kind']) => failures.find((one) => kindOf(one) === kind)
  return of('foreign') ?? of('too_large') ?? failures.at(-1)
}

function kindOf(error: unknown) {
  return error instanceof RpcFailure ? error.kind : 'failed'
}

function messageOf(error: unknown) {
  return error instanceof Error ? error.message : String(error)
}

function pause(ms: number) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
