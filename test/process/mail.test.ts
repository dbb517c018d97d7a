import { expect, test } from 'vitest'
import { callRest } from '../support/calls'
import { startMailServer } from '../support/mail-server'
import { freePort } from '../support/ports'
import { type Environment, eventually, failToStart, printedKeys, type ServerProcess } from '../support/server'
import { type Finishing, newPlace, start } from './places'

async function place(finishing: Finishing, port: number): Promise<Environment> {
  const environment = await newPlace(finishing)
  return { ...environment, SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'receipts@payhook.example' }
}

const call = (server: ServerProcess, key: string, path: string, body: object) =>
  callRest(server.url, 'POST', path, { key, body })

async function sell(server: ServerProcess, key: string): Promise<void> {
  const { body: product } = await call(server, key, '/v1/products', { name: 'Kit', price_cents: 1900 })
  const { body: order } = await call(server, key, '/v1/orders', { product_id: product.id })
  expect(await call(server, key, `/v1/orders/${order.id}/pay_test`, {})).toMatchObject({ status: 200 })
}

test('a sale is on its way to the buyer’s mailbox at once, and SIGTERM with a kept connection ends with 0', async (finishing) => {
  const mail = await startMailServer()
  finishing.onTestFinished(mail.close)
  const server = await start(finishing, await place(finishing, mail.port))
  await sell(server, printedKeys(server).test)
  const { to } = await eventually('the receipt', () => mail.received[0], 12_000)
  expect(to).toEqual(['buyer@example.com'])
  expect(await server.end('SIGTERM')).toBe(0)
})

test('a receipt survives kill -9, and is sent by whoever runs next', async (finishing) => {
  const mail = await startMailServer()
  finishing.onTestFinished(mail.close)
  const environment = await place(finishing, mail.port)
  // It only sells: nothing of it sends.
  const seller = await start(finishing, { ...environment, PAYHOOK_ROLES: 'api' })
  await sell(seller, printedKeys(seller).test)
  await seller.end('SIGKILL')
  expect(mail.received).toEqual([])
  await start(finishing, { ...environment, PAYHOOK_ROLES: 'jobs' })
  await eventually('the receipt', () => mail.received[0])
})

test('SMTP_URL without an address to send from stops the start with a line that says so', async (finishing) => {
  const { MAIL_FROM: _, ...environment } = await place(finishing, await freePort())
  const { code, stderr } = await failToStart(environment)
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^SMTP_URL is set, but MAIL_FROM is not[^\n]*\n$/)])
})
