/**
 * A merchant's server over TLS that says four times a second what it was sent so far: how many requests on how many
 * connections, and of those that carry when they were made, how long that was ago.
 *
 *     bun webhooks-receiver.ts <certificate file> <key file>
 */
export type ReceiverReport = { port: number; at: number; count: number; connections: number; agesMs: number[] }

const EVERY_MS = 250

if (import.meta.main) {
  const [cert = '', key = ''] = process.argv.slice(2)
  let count = 0
  let agesMs: number[] = []
  const ports = new Set<number>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 255,
    tls: { cert: Bun.file(cert), key: Bun.file(key) },
    fetch: async (request, self) => {
      if (request.url.endsWith('/hang')) return new Promise<Response>(() => undefined)
      const body = await request.text()
      count++
      ports.add(self.requestIP(request)?.port ?? 0)
      const madeAt = /"made_at":(\d+)/.exec(body)?.[1]
      if (madeAt) agesMs.push(Date.now() - Number(madeAt))
      return new Response('ok')
    },
  })
  const report = () => {
    const facts: ReceiverReport = { port: Number(server.port), at: Date.now(), count, connections: ports.size, agesMs }
    process.stdout.write(`${JSON.stringify(facts)}\n`)
    agesMs = []
  }
  report()
  setInterval(report, EVERY_MS)
}
