import { connect, type Socket } from 'node:net'
import { eventually, printedKeys, type ServerProcess } from '../support/server'

export type OpenRequest = { socket: Socket; answer(): Promise<string>; finish(): void }

/** A request whose body is still on its way: the server is at work on it until `finish`. */
export async function openRequest(server: ServerProcess): Promise<OpenRequest> {
  const body = JSON.stringify({ name: 'Slow', price_cents: 500 })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const chunks: string[] = []
  socket.setEncoding('utf8').on('data', (chunk) => chunks.push(String(chunk)))
  socket.on('error', () => undefined)
  socket.write(
    `POST /api/v1/products HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${printedKeys(server).test}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  )
  // The server asks for the body, so it is inside the request.
  await eventually('100 Continue', () => (chunks[0]?.startsWith('HTTP/1.1 100') ? true : undefined))
  chunks.length = 0
  socket.write(body.slice(0, 10))
  const answer = () => eventually('an answer', () => chunks[0])
  return { socket, answer, finish: () => void socket.write(body.slice(10)) }
}
