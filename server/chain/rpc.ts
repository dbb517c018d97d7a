import type { FailureKind } from '../ports/network'

/** One JSON-RPC request to one node. Throws RpcFailure. */
export type Call = (method: string, params: readonly unknown[]) => Promise<unknown>

export class RpcFailure extends Error {
  override readonly name = 'RpcFailure'
  constructor(
    readonly kind: FailureKind,
    message: string,
    /** How long a node that is rate-limited wants to be left alone, where it says so. */
    readonly retryAfterMs?: number,
  ) {
    super(message)
  }
}

export type RpcOptions = { timeoutMs: number }

/** Loaded by the first call: it is a seventh of the memory of a process that asks no node. */
const loadViem = () => import('viem')
type Viem = Awaited<ReturnType<typeof loadViem>>

type AnyMethod = [{ Method: string; Parameters: readonly unknown[]; ReturnType: unknown }]

/**
 * Raw results, as the node sends them: viem's formatters decode a tenth as many logs in the same time, and throw on what TRON's
 * nodes call a pending transaction. viem doesn't repeat anything here, because whoever asks would rather ask another node.
 */
export function createRpc(url: string, { timeoutMs }: RpcOptions): Call {
  const open = ({ createClient, http, rpcSchema }: Viem) =>
    createClient({
      transport: http(url, { retryCount: 0, timeout: timeoutMs }),
      rpcSchema: rpcSchema<AnyMethod>(),
    })
  let client: ReturnType<typeof open> | undefined
  return async (method, params) => {
    const viem = await loadViem()
    try {
      client ??= open(viem)
      return await client.request({ method, params })
    } catch (error) {
      throw failureOf(viem, error, method)
    }
  }
}

/** Nodes say the same in many words; these are the ones of geth, erigon, nethermind, java-tron and the large hosters. */
const TOO_LARGE =
  /more than \d+ (results|logs)|too many (results|logs)|(block )?range.{0,30}(large|wide|exceed|limit|maximum|greater)|(exceed|maximum|max|limited to).{0,40}(block )?range|response size|query exceeds|limit exceeded.*(range|results)|exceed.{0,20}results/i
const RATE_LIMITED = /rate.?limit|too many requests|request limit|capacity|throttl/i
const UNSUPPORTED =
  /(method|function).{0,60}(not (found|supported|available|exist)|does not exist|disabled)|unsupported method/i

function failureOf(viem: Viem, error: unknown, method: string): RpcFailure {
  const { HttpRequestError, ResponseBodyTooLargeError, RpcRequestError } = viem
  const causes = causesOf(error)
  const words = wordsOf(viem, causes, method)
  if (causes.some((cause) => cause instanceof ResponseBodyTooLargeError)) return new RpcFailure('too_large', words)
  const answer = causes.find((cause) => cause instanceof RpcRequestError)
  const refusal = causes.find((cause) => cause instanceof HttpRequestError)
  const text = [answer?.details, refusal?.details].join(' ')
  const status = refusal?.status ?? answer?.status
  const isTooLarge = TOO_LARGE.test(text) || status === 413
  if (isTooLarge) return new RpcFailure('too_large', words)
  if (status === 429 || answer?.code === 429 || answer?.code === -32_005 || RATE_LIMITED.test(text)) {
    return new RpcFailure('rate_limited', words, retryAfter(refusal?.headers ?? answer?.headers))
  }
  if (answer?.code === -32_601 || UNSUPPORTED.test(text)) return new RpcFailure('unsupported', words)
  return new RpcFailure(answer ? 'lacking' : 'failed', words)
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = []
  for (let cause = error; cause instanceof Error && causes.length < 5; cause = cause.cause) causes.push(cause)
  return causes
}

/** Short, and without the URL and the request, which hold the operator's key. */
function wordsOf({ HttpRequestError, RpcRequestError }: Viem, causes: readonly unknown[], method: string): string {
  const known = causes.find((cause) => cause instanceof RpcRequestError || cause instanceof HttpRequestError)
  const inner = causes.at(-1)
  const text = known?.details ?? (inner instanceof Error ? inner.message.split('\n')[0] : 'no answer')
  return `${method}: ${(text ?? '').replace(/https?:\/\/\S+/g, '(url)').slice(0, 200)}`
}

/** Seconds or a date, as HTTP has it. */
function retryAfter(headers: Headers | undefined): number | undefined {
  const text = headers?.get('retry-after')
  if (!text || !/^\d{1,6}$/.test(text)) return undefined
  return Number(text) * 1_000
}
