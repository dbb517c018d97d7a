import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeContext } from '../../server/context'
import { addAddresses } from '../../server/domain/addresses/service'
import type { NewPayment, NewSimulation } from '../../server/domain/crypto/schema'
import { createPayment } from '../../server/domain/crypto/service'
import { simulate } from '../../server/domain/crypto/simulation'
import { newPaymentToken } from '../../server/kernel/ids'
import { evmAddress } from '../support/crypto'
import { createWorld, type World } from '../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

async function open(extra: Partial<NewPayment> = {}) {
  const { store } = await world.openStore('Ada & Sons')
  const ctx = storeContext(world.deps, store.storeId, true)
  await addAddresses(ctx, { network: 'bsc', address: evmAddress(1) })
  const payment = await createPayment(ctx, { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt', ...extra })
  const page = async (path = '', headers: Record<string, string> = {}) => {
    const answer = await fetch(`${world.url}/pay/${payment.token}${path}`, { headers })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  const play = (action: NewSimulation['action'], more: Partial<NewSimulation> = {}) =>
    simulate(ctx, { payment_number: payment.number, action, ...more })
  return { ctx, payment, page, play }
}

test('the page says what, how much, where to, and that nothing is to be sent in test mode', async () => {
  const { page, payment } = await open({ customer_email: 'buyer@example.com' })
  const { status, text, headers } = await page()
  expect(status).toBe(200)
  for (const words of [
    'Ada &amp; Sons',
    '$50.00',
    '50.000000',
    'USDT',
    'BNB Smart Chain',
    evmAddress(1),
    payment.number,
  ]) {
    expect(text).toContain(words)
  }
  expect(text).toContain('ethereum:0x55d398326f99059fF775485246999027B3197955@56/transfer?address=')
  expect(text).toContain('Test mode: send nothing')
  expect(text).toContain('buyer@example.com')
  expect(headers.get('content-security-policy')).toContain("connect-src 'self'")
  expect(headers.get('cache-control')).toBe('no-store')
})

test('what is the seller’s own stays off the page', async () => {
  const { page } = await open({ external_order_id: 'secret-order', metadata: { margin: 'secret-margin' } })
  expect((await page()).text).not.toMatch(/secret-/)
})

test('it speaks German to who reads German', async () => {
  const { page } = await open()
  const { text } = await page('', { 'Accept-Language': 'de-DE,de;q=0.9' })
  expect(text).toContain('Genau diesen Betrag senden')
  expect(text).toContain('50,00')
  expect(text).toContain('<html lang="de">')
})

test('a token that is none, or of no payment, is not found', async () => {
  const { ctx } = await open()
  for (const token of ['nonsense', newPaymentToken(ctx.storeId), newPaymentToken(1n), '%00']) {
    for (const path of ['', '/state', '/events']) {
      expect((await fetch(`${world.url}/pay/${token}${path}`)).status).toBe(404)
    }
  }
})

describe('each state has its words', () => {
  const STATES = [
    [['underpay'], 'A part has arrived', '25.000000 USDT is still missing'],
    [['detect'], 'Your payment was seen', '1 of 15 confirmations'],
    [['confirm'], 'Paid', '50.000000 USDT has arrived at Ada &amp; Sons'],
    [['overpay', 'confirm'], 'Paid', '25.000000 USDT more than needed'],
    [['expire'], 'This payment has expired', 'Please send nothing any more'],
    [['late'], 'Your payment came too late', '50.000000 USDT arrived after this payment had ended'],
    [['underpay', 'expire'], 'Too little has arrived', '25.000000 USDT of 50.000000 USDT arrived'],
    [['confirm', 'reorg'], 'The network took the payment back', 'no longer on the chain'],
  ] as const
  test.each(STATES)('%j: %s', async (actions, title, words) => {
    const { page, play } = await open()
    for (const action of actions) await play(action)
    const { status, text } = await page()
    expect(status).toBe(200)
    expect(text).toContain(title)
    expect(text).toContain(words)
    // Who should send nothing any more isn't shown where to.
    expect(text.includes('class="qr"')).toBe(actions.join() === 'underpay')
  })

  test('the time is over, and the last blocks are not read yet', async () => {
    const { page } = await open()
    world.clock.advance(30 * 60_000 + 1)
    expect((await page()).text).toContain('The time is over')
  })
})

test('what the page shows is asked for by its version', async () => {
  const { page, play } = await open()
  const version = async () => /data-version="([^"]+)"/.exec((await page()).text)?.[1] ?? ''
  const before = await version()
  expect((await page(`/state?version=${before}`)).status).toBe(204)
  await play('detect')
  const { status, text } = await page(`/state?version=${before}`)
  expect(status).toBe(200)
  const change = JSON.parse(text) as Record<string, unknown>
  expect(change).toMatchObject({ kind: 'seen', ended: false, version: await version() })
  expect(change.html).toContain('Your payment was seen')
})

test('changes come as events, until the payment has ended', async () => {
  const { payment, play } = await open()
  const answer = await fetch(`${world.url}/pay/${payment.token}/events?version=none`)
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (!reader) throw new Error('no stream')
  const kinds: string[] = []
  let text = ''
  for (;;) {
    const { done, value = '' } = await reader.read()
    if (done) break
    text += value
    const found = [...text.matchAll(/"kind":"(\w+)"/g)].map((match) => String(match[1]))
    if (found.length === kinds.length) continue
    kinds.splice(0, kinds.length, ...found)
    if (kinds.at(-1) === 'waiting') await play('detect')
    if (kinds.at(-1) === 'seen') await play('confirm')
  }
  expect(kinds).toEqual(['waiting', 'seen', 'confirmed'])
})

test('a confirmed payment leads back to the shop', async () => {
  const { page, play } = await open({ redirect_url: 'https://merchant.example/thanks?order=1' })
  expect((await page()).text).not.toContain('merchant.example')
  await play('confirm')
  expect((await page()).text).toContain('href="https://merchant.example/thanks?order=1"')
})
