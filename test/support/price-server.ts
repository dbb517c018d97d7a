/** Prices as CoinGecko and Coinbase answer them. */
export type PriceServer = {
  url: string
  /** Dollars by CoinGecko's id, and by the pair of Coinbase, such as `ETH-USD`. */
  prices: Map<string, string>
  updatedAt: Date
  /** What it answers instead, when it isn't 200. */
  status: number
  /** Never answers for this path's beginning. */
  hangsAt: string | undefined
  calls: number
  stop(): Promise<void>
}

export function startPriceServer(updatedAt: Date): PriceServer {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => {
      state.calls += 1
      if (state.hangsAt && new URL(request.url).pathname.startsWith(state.hangsAt)) return new Promise(() => {})
      if (state.status !== 200) return new Response('no', { status: state.status })
      const { pathname, searchParams } = new URL(request.url)
      if (pathname === '/api/v3/simple/price') return Response.json(simplePrices(searchParams.get('ids') ?? ''))
      const pair = /^\/v2\/prices\/([A-Z]+)-USD\/spot$/.exec(pathname)?.[1] ?? ''
      const amount = state.prices.get(`${pair}-USD`)
      if (amount === undefined) return Response.json({ errors: [{ id: 'not_found' }] }, { status: 404 })
      return Response.json({ data: { amount, base: pair, currency: 'USD' } })
    },
  })
  const simplePrices = (ids: string) =>
    Object.fromEntries(
      ids.split(',').flatMap((id) => {
        const usd = state.prices.get(id)
        const last_updated_at = Math.floor(state.updatedAt.getTime() / 1_000)
        return usd === undefined ? [] : [[id, { usd: Number(usd), last_updated_at }]]
      }),
    )
  const state: PriceServer = {
    url: `http://127.0.0.1:${server.port}`,
    prices: new Map(),
    updatedAt,
    status: 200,
    hangsAt: undefined,
    calls: 0,
    stop: () => server.stop(true),
  }
  return state
}
