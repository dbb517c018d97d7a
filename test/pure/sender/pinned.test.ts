import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import selfsigned from 'selfsigned'
import { afterEach, expect, test } from 'vitest'
import { createSender, type Resolve } from '../../../server/sender/pinned'
import { type Receiver, startReceiver } from '../../support/receiver'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

const receiver = async (...args: Parameters<typeof startReceiver>): Promise<Receiver> => {
  const started = await startReceiver(...args)
  open.push(started)
  return started
}

/** What a process grows by that sends there so often, and what was answered last. */
async function growth(url: string, times: number): Promise<{ grown: number; outcome: unknown }> {
  const script = fileURLToPath(new URL('../../support/sender-growth.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, url, String(times)])
  return JSON.parse(stdout)
}

/** A server that answers with the bytes it likes. */
async function rawServer(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const request = (url: string, timeoutMs = 5_000) => ({
  url,
  isTest: true,
  headers: { 'Content-Type': 'application/json', 'X-Test': 'yes' },
  body: '{"a":1}',
  timeoutMs,
})
const local = createSender({ allowPrivate: true })

/** Answers one after the other; the last one stays. */
const answering = (...answers: (readonly string[])[]): Resolve & { asked: number } => {
  const resolve = async () => answers[Math.min(resolve.asked++, answers.length - 1)] ?? []
  resolve.asked = 0
  return resolve
}

test('the body, the headers and the name of the URL arrive as they were', async () => {
  const { port, received } = await receiver()
  const sender = createSender({ allowPrivate: true, resolve: answering(['127.0.0.1']) })
  const outcome = await sender.send(request(`http://hook.example.test:${port}/in?x=1#fragment`))
  expect(outcome).toMatchObject({ kind: 'answered', status: 200, body: 'noted' })
  expect(received).toHaveLength(1)
  expect(received[0]).toMatchObject({ path: '/in?x=1', body: '{"a":1}' })
  expect(received[0]?.headers).toMatchObject({ host: `hook.example.test:${port}`, 'x-test': 'yes' })
})

test('a name with one private address among public ones is refused, and nothing is sent', async () => {
  const { port, received } = await receiver()
  const sender = createSender({ allowPrivate: false, resolve: answering(['8.8.8.8', '127.0.0.1']) })
  expect(await sender.send(request(`https://hook.example.test:${port}/`))).toMatchObject({ kind: 'refused' })
  expect(await sender.refusal({ url: `https://hook.example.test:${port}/`, isTest: false })).toMatch(
    /private or loopback/,
  )
  expect(received).toHaveLength(0)
})

test.each(['::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '169.254.169.254', '0.0.0.0', 'fd00::1'])(
  'a name that leads to %s is refused at save and at send',
  async (address) => {
    const sender = createSender({ allowPrivate: false, resolve: answering([address]) })
    expect(await sender.refusal({ url: 'https://hook.example.test/', isTest: false })).toMatch(/^Its host leads to/)
    expect(await sender.send(request('https://hook.example.test/'))).toMatchObject({ kind: 'refused' })
  },
)

test('a name that changes its answer after it was saved is refused when it is called', async () => {
  const { port, received } = await receiver()
  const resolve = answering(['93.184.216.34'], ['127.0.0.1'])
  const sender = createSender({ allowPrivate: false, resolve })
  const url = `https://rebind.example.test:${port}/`
  expect(await sender.refusal({ url, isTest: false })).toBeUndefined()
  expect(await sender.send(request(url))).toMatchObject({ kind: 'refused' })
  expect(received).toHaveLength(0)
})

/** The addresses of research on this: each is what a name leads to once its public answer was checked. */
test.each([
  ['127.0.0.1'],
  ['0.0.0.0'],
  ['10.0.0.1'],
  ['169.254.169.254'],
  ['::1'],
  ['::'],
  ['::ffff:127.0.0.1'],
  ['::ffff:a9fe:a9fe'],
  ['64:ff9b::7f00:1'],
  ['64:ff9b::a9fe:a9fe'],
  ['2002:7f00:1::'],
  ['fd00:ec2::254'],
  ['fe80::1'],
  ['93.184.216.34', '127.0.0.1'],
  ['2606:4700::1111', '::1'],
])('a name that led to a public address when it was saved and to %s when it is called is refused', async (...later) => {
  const { port, received } = await receiver()
  const sender = createSender({ allowPrivate: false, resolve: answering(['93.184.216.34'], later) })
  const url = `https://rebind.example.test:${port}/`
  expect(await sender.refusal({ url, isTest: false })).toBeUndefined()
  expect(await sender.send(request(url))).toMatchObject({ kind: 'refused', error: expect.stringMatching(/^Its host/) })
  expect(received).toHaveLength(0)
})

test('live events go over https only, also where the operator allows http to tests', async () => {
  const { url, received } = await receiver()
  expect(await local.refusal({ url, isTest: true })).toBeUndefined()
  expect(await local.refusal({ url, isTest: false })).toMatch(/must begin with https/)
  expect(await local.send({ ...request(url), isTest: false })).toMatchObject({ kind: 'refused' })
  expect(received).toHaveLength(0)
  const strict = createSender({ allowPrivate: false })
  expect(await strict.refusal({ url: 'http://example.com/', isTest: true })).toMatch(/must begin with https/)
})

test('a name that changes its answer between check and connection reaches the checked address only', async () => {
  const wanted = await receiver(201)
  // Every later look-up would lead elsewhere; there is none.
  const resolve = answering(['127.0.0.1'], ['127.0.0.2'])
  const sender = createSender({ allowPrivate: true, resolve })
  for (let i = 0; i < 10; i++) {
    resolve.asked = 0
    const outcome = await sender.send(request(`http://rebind.example.test:${wanted.port}/`))
    expect(outcome).toMatchObject({ kind: 'answered', status: 201 })
    expect(resolve.asked).toBe(1)
  }
})

test('the next address is tried when the first one refuses the connection', async () => {
  const { port, received } = await receiver()
  const sender = createSender({ allowPrivate: true, resolve: answering(['127.0.0.9', '127.0.0.1']) })
  expect(await sender.send(request(`http://hook.example.test:${port}/`))).toMatchObject({ kind: 'answered' })
  expect(received).toHaveLength(1)
})

test('a redirect is an answer and is not followed', async () => {
  const inner = await receiver()
  const outer = await receiver((_, response) => response.writeHead(307, { Location: inner.url }).end())
  expect(await local.send(request(outer.url))).toMatchObject({ kind: 'answered', status: 307 })
  expect(inner.received).toHaveLength(0)
})

const certificateFor = async (name: string) => {
  const pems = await selfsigned.generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  })
  return { key: pems.private, cert: pems.cert }
}

test('TLS is checked against the name although the connection goes to an address', async () => {
  const pair = await certificateFor('hook.example.test')
  const { port, received } = await receiver(200, pair)
  const trusting = createSender({
    allowPrivate: true,
    resolve: answering(['127.0.0.1']),
    certificateAuthority: pair.cert,
  })
  expect(await trusting.send(request(`https://hook.example.test:${port}/`))).toMatchObject({ kind: 'answered' })
  expect(received[0]?.headers.host).toBe(`hook.example.test:${port}`)
  const other = await trusting.send(request(`https://other.example.test:${port}/`))
  expect(other).toMatchObject({ kind: 'network', error: "The receiver's TLS certificate is for another name." })
  const distrusting = createSender({ allowPrivate: true, resolve: answering(['127.0.0.1']) })
  const unknown = await distrusting.send(request(`https://hook.example.test:${port}/`))
  expect(unknown).toMatchObject({ kind: 'network', error: "The receiver's TLS certificate is self-signed." })
  expect(received).toHaveLength(1)
})

test('an endless body is cut at 4 kB and its connection closed, without the process growing', async () => {
  let most = 0
  const url = await rawServer((socket) => {
    let written = 0
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n')
    const chunk = Buffer.alloc(65_536, 'a')
    const pump = (): void => {
      while (!socket.destroyed && written < 50_000_000) {
        written += chunk.length
        most = Math.max(most, written)
        if (!socket.write(chunk)) {
          socket.once('drain', pump)
          return
        }
      }
    }
    pump()
  })
  const outcome = await local.send(request(url))
  expect(outcome).toMatchObject({ kind: 'answered', status: 200, body: 'a'.repeat(4_096) })
  expect((await growth(url, 20)).grown).toBeLessThan(60_000_000)
  expect(most).toBeLessThan(25_000_000)
})

test('a decompression bomb is not unpacked', async () => {
  // The next call would take the connection that this server has just closed for one that is still open.
  const bomb = gzipSync(Buffer.alloc(100_000_000))
  const url = await rawServer((socket) => {
    socket.end(
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
        ),
        bomb,
      ]),
    )
  })
  const { grown, outcome } = await growth(url, 10)
  expect(outcome).toMatchObject({ status: 200, body: '(gzip, not unpacked)' })
  expect(grown).toBeLessThan(60_000_000)
})

test('NUL and broken UTF-8 in an answer become text that a database can keep', async () => {
  const url = await rawServer((socket) => {
    const body = Buffer.from([0x61, 0, 0xff, 0x62])
    socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'), body]))
  })
  expect(await local.send(request(url))).toMatchObject({ body: 'a\uFFFD\uFFFDb' })
})

test('a receiver that never answers is a network failure after the time-out', async () => {
  const url = await rawServer(() => undefined)
  const outcome = await local.send(request(url, 200))
  expect(outcome).toMatchObject({ kind: 'network', error: 'No answer within 0.2 s.' })
  expect(outcome.durationMs).toBeGreaterThanOrEqual(190)
})

test('a receiver that answered and then drips its body has answered, and is left at the time-out', async () => {
  const url = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const timer = setInterval(() => void socket.write('1\r\na\r\n'), 10)
    socket.once('close', () => clearInterval(timer))
  })
  const outcome = await local.send(request(url, 300))
  expect(outcome).toMatchObject({ kind: 'answered', status: 200 })
  expect(outcome.durationMs).toBeLessThan(20_000)
})

test.each([
  ['nothing listens', async (): Promise<string> => 'http://127.0.0.1:1/', 'The receiver refused the connection.'],
  ['the connection is cut', () => rawServer((socket) => void socket.resetAndDestroy()), /closed the connection/],
  ['no HTTP comes back', () => rawServer((socket) => void socket.end('hello\r\n\r\n')), /closed the connection/],
] as const)('%s: a network failure in words that hide the address', async (_, start, words) => {
  const outcome = await local.send(request(await start()))
  expect(outcome.kind).toBe('network')
  if (outcome.kind === 'network') {
    expect(outcome.error).toMatch(words)
    expect(outcome.error).not.toContain('127.0.0.1')
  }
})

test('a name that does not resolve may be saved and is a network failure when it is called', async () => {
  const resolve: Resolve = async () => {
    throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
  }
  const sender = createSender({ allowPrivate: false, resolve })
  expect(await sender.refusal({ url: 'https://nowhere.example.test/', isTest: false })).toBeUndefined()
  const outcome = await sender.send(request('https://nowhere.example.test/'))
  expect(outcome).toMatchObject({ kind: 'network', error: 'The name nowhere.example.test does not resolve.' })
})

test('a resolver that hangs ends with the time-out', async () => {
  const sender = createSender({ allowPrivate: false, resolve: () => new Promise(() => undefined) })
  expect(await sender.send(request('https://slow.example.test/', 200))).toMatchObject({
    kind: 'network',
    error: 'No answer within 0.2 s.',
  })
})
