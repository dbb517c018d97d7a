/**
 * Asks one thing again and again over some connections and says on standard output what came of it. A process of its own, on
 * bare sockets: whatever it costs is taken from the server that it measures, since both share the machine.
 *
 *     bun load.ts '<LoadPlan as JSON>'
 */
export type LoadPlan = { port: number; request: string; status: number; connections: number; seconds: number }
export type LoadResult = { count: number; seconds: number; wrong: string[]; p50Ms: number; p99Ms: number }

type Connection = { sentAt: number; answer: string }

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan
  process.stdout.write(JSON.stringify(await load(plan)))
  process.exit(0)
}

async function load(plan: LoadPlan): Promise<LoadResult> {
  const took: number[] = []
  const wrong: string[] = []
  const expected = `HTTP/1.1 ${plan.status} `
  const startedAt = performance.now()
  const endsAt = startedAt + plan.seconds * 1_000
  const open = Array.from({ length: plan.connections }, () =>
    Bun.connect<Connection>({
      hostname: '127.0.0.1',
      port: plan.port,
      data: { sentAt: performance.now(), answer: '' },
      socket: {
        open: (socket) => void socket.write(plan.request),
        data: (socket, chunk) => {
          const connection = socket.data
          connection.answer += chunk.toString('latin1')
          if (!isWhole(connection.answer)) return
          const now = performance.now()
          took.push(now - connection.sentAt)
          if (!connection.answer.startsWith(expected) && wrong.length < 3) wrong.push(connection.answer.slice(0, 600))
          connection.answer = ''
          connection.sentAt = now
          if (now < endsAt) socket.write(plan.request)
        },
      },
    }),
  )
  const sockets = await Promise.all(open)
  await Bun.sleep(plan.seconds * 1_000)
  const seconds = (performance.now() - startedAt) / 1_000
  for (const socket of sockets) socket.end()
  took.sort((a, b) => a - b)
  const percentile = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN
  return { count: took.length, seconds, wrong, p50Ms: percentile(0.5), p99Ms: percentile(0.99) }
}

/** One request is under way on a connection at a time, so that what has come is one answer or a part of it. */
function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, head))?.[1]
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= head + 4 + Number(length)
}
