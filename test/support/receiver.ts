import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export type Received = { path: string; headers: Record<string, string>; body: string; at: number }

/** What the receiver does with a request: a status, or its own answer. */
export type Behaviour = number | ((request: Received, response: ServerResponse) => void)

export type Receiver = {
  url: string
  port: number
  received: Received[]
  answer(behaviour: Behaviour): void
  close(): Promise<void>
}

/** A merchant's server on a free port of loopback, which keeps what it is sent. With a key pair it speaks TLS. */
export async function startReceiver(
  behaviour: Behaviour = 200,
  tls?: { key: string; cert: string },
): Promise<Receiver> {
  const received: Received[] = []
  let current = behaviour
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const seen = { path: String(request.url), headers, body: Buffer.concat(chunks).toString(), at: performance.now() }
    received.push(seen)
    if (typeof current === 'number') response.writeHead(current).end('noted')
    else current(seen, response)
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    received,
    answer: (next) => {
      current = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
