import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../server/app'
import { listTopups } from '../../server/domain/billing/topups'
import { CARD_FORMS_PER_MINUTE } from '../../server/rate-limit'
import { createBilledWorld, type Merchant, openMerchant } from '../support/billing'
import { createBuyer, hiddenFields } from '../support/buyer'
import { garbage } from '../support/fuzz'
import { createWorld, type World } from '../support/world'

let world: World
let shop: Merchant
beforeAll(async () => {
  world = await createBilledWorld()
  await world.openStore('The operator')
  world.clock.advance(1_000)
  shop = await openMerchant(world)
})
afterAll(() => world.close())

/** Opens the form, fills it and sends it. */
async function send(fields: Record<string, string>, language = 'en-US') {
  const merchant = createBuyer(world, language)
  const form = await (await merchant.get('/topup')).text()
  const answer = await merchant.post('/topup', { ...hiddenFields(form), key: shop.key, ...fields })
  return { merchant, form, answer, location: answer.headers.get('location') ?? '', html: await answer.text() }
}

const topupsOf = async ({ ctx }: Merchant) => (await listTopups(ctx, { limit: 100 })).topups

test('the form leads to the page that the top-up is paid on, and what is paid there is on the balance', async () => {
  const { merchant, answer, location } = await send({ amount: '12,50', network: 'tron' })
  expect([answer.status, location]).toEqual([303, expect.stringMatching(/^\/pay\/[\w-]+$/)])
  const page = await (await merchant.get(location)).text()
  expect(page).toContain('12.500000')
  await merchant.post(`${location}/simulate`, { action: 'confirm' })
  expect(await shop.billing()).toMatchObject({ balance_usdt: '12.500000' })
})

test('sent twice, one after the other or at once, it is one top-up; with another amount it is another', async () => {
  const merchant = createBuyer(world)
  const one = await openMerchant(world)
  const once = hiddenFields(await (await merchant.get('/topup')).text())
  const press = (amount: string) => merchant.post('/topup', { ...once, key: one.key, amount, network: 'bsc' })
  const locations = new Set<string | null>()
  for (const answers of [await Promise.all([press('5'), press('5'), press('5')]), [await press('5')]]) {
    for (const { status, headers } of answers) {
      expect([303, 409]).toContain(status)
      if (status === 303) locations.add(headers.get('location'))
    }
  }
  expect([locations.size, (await topupsOf(one)).length]).toEqual([1, 1])
  expect((await press('6')).status).toBe(303)
  expect(await topupsOf(one)).toHaveLength(2)
})

const AMOUNTS: readonly (readonly [string, string])[] = [
  ['', 'Enter how much'],
  ['0.99', 'from 1.00 to 999,999.99 USDT'],
  ['1000000', 'from 1.00 to 999,999.99 USDT'],
  ['ten', 'in digits'],
  ['1.250', 'in digits'],
  ['-5', 'from 1.00'],
]

test.each(AMOUNTS)('the amount “%s” is refused in words beside its field', async (amount, words) => {
  const before = (await topupsOf(shop)).length
  const { answer, html } = await send({ amount, network: 'bsc' })
  expect(answer.status).toBe(422)
  const problem = /id="amount-problem"[^>]*>([^<]*)</.exec(html)?.[1]
  expect(problem).toContain(words)
  expect(html).toMatch(/id="amount"[^>]*aria-invalid="true"/)
  expect(html).toMatch(/value="bsc" checked/)
  expect(await topupsOf(shop)).toHaveLength(before)
})

test('what is missing is said at each field, and above all of them', async () => {
  const { answer, html } = await send({ key: '', amount: '', network: 'solana' })
  expect(answer.status).toBe(422)
  expect(html).toContain('3 fields need your attention')
  for (const name of ['key', 'amount', 'network']) expect(html).toContain(`<a href="#${name}">`)
  expect((await send({ key: '', amount: '', network: '' }, 'de-DE')).html).toContain('Wählen Sie ein Netzwerk.')
})

test('a key that is wrong, rolled or not allowed is refused at its field, and never shown, kept or logged', async () => {
  const { body: lesser } = await shop.call<{ api_key: string }>('POST', '/api_keys', {
    name: 'Reader',
    scopes: ['billing:read'],
  })
  const wrong = `sk_test_${'x'.repeat(48)}`
  const cases = [
    [wrong, 'This key is unknown'],
    ['nonsense with spaces', 'This key is unknown'],
    ['k'.repeat(300), 'This key is unknown'],
    ['operator-key-of-the-tests', 'This key is unknown'],
    [lesser.api_key, 'billing:write'],
  ] as const
  for (const [key, words] of cases) {
    const { answer, html } = await send({ key, amount: '5', network: 'bsc' })
    expect([key, answer.status]).toEqual([key, 422])
    expect(/id="key-problem"[^>]*>([^<]*)</.exec(html)?.[1]).toContain(words)
    expect(html).not.toContain(key)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  }
  const good = await send({ amount: '0.5', network: 'bsc' })
  expect(good.html).not.toContain(shop.key)
  await send({ amount: '5', network: 'bsc' })
  const log = JSON.stringify(world.log)
  for (const key of [wrong, shop.key, lesser.api_key]) expect(log).not.toContain(key)
  expect(log).toContain('"door":"page"')
})

test('a live key is told which network takes no top-ups, and that no address is free', async () => {
  const { liveKey } = await world.openStore('Merchant')
  const off = await send({ key: liveKey, amount: '5', network: 'tron' })
  expect([off.answer.status, off.html.includes('Top-ups on TRON are not possible')]).toEqual([422, true])
  Object.assign(world.deps.networks, { ethereum: {} })
  world.deps.rates.live = world.deps.rates.test
  const busy = await send({ key: liveKey, amount: '5', network: 'ethereum' })
  expect([busy.answer.status, busy.html.includes('No address for top-ups on Ethereum is free')]).toEqual([503, true])
})

test('without a rate it says so and loses nothing', async () => {
  const { rates } = world.deps
  const sources = [...rates.test]
  const lost = { name: 'lost', maxAgeMs: 1e12, quote: async () => ({ rateE8: 50_000_000n, at: world.clock.now() }) }
  rates.test = [lost]
  const { answer, html } = await send({ amount: '5', network: 'bsc' })
  rates.test = sources
  expect([answer.status, html.includes('The price of USDT is not known')]).toEqual([503, true])
  expect(html).toMatch(/id="amount"[^>]*value="5"/)
})

test('only a form of ours is taken, posted, and not too often from one address', async () => {
  const foreign = await createBuyer(world).post(
    '/topup',
    { key: shop.key, amount: '5', network: 'bsc' },
    { Origin: 'https://evil.example' },
  )
  expect([foreign.status, (await foreign.text()).includes('To protect your key')]).toEqual([403, true])
  const before = (await topupsOf(shop)).length
  const asked = await createBuyer(world).get(`/topup?key=${shop.key}&amount=5&network=bsc`)
  expect([asked.status, (await asked.text()).includes(shop.key)]).toEqual([200, false])
  expect(await topupsOf(shop)).toHaveLength(before)
  const app = createApp(world.deps)
  const guess = () => {
    const body = new URLSearchParams({ key: 'sk_live_guess', amount: '5', network: 'bsc' })
    const request = new Request(`${world.url}/topup`, { method: 'POST', headers: { Origin: world.url }, body })
    return app.fetch(request, { address: '203.0.113.7' })
  }
  for (let tried = 0; tried < CARD_FORMS_PER_MINUTE; tried++) expect((await guess()).status).toBe(422)
  const refused = await guess()
  expect([refused.status, (await refused.text()).includes('Nothing was begun. Wait 1 min')]).toEqual([429, true])
})

test('garbage in its fields is answered in words, and makes nothing', async () => {
  const merchant = await openMerchant(world)
  const text = fc.oneof(
    garbage.map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 5_000)),
    fc.constantFrom(merchant.key, `${merchant.key}\0`, '1e3', '１２', '5\u00005', '0x10', '+5', '5.'),
  )
  const fields = fc.record({ key: text, amount: text, once: text, network: fc.oneof(text, fc.constant('bsc')) })
  const property = fc.asyncProperty(fields, async (sent) => {
    const wellFormed = Object.entries(sent).map(([name, value]) => [name, value.toWellFormed()])
    const answer = await createBuyer(world).post('/topup', Object.fromEntries(wellFormed))
    expect(answer.status).toBe(422)
    expect(await answer.text()).not.toContain(merchant.key)
  })
  await fc.assert(property, { seed: 7, numRuns: 300, endOnFailure: true })
  expect(await topupsOf(merchant)).toEqual([])
  expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
})

test('a server that bills nobody says that there is nothing to top up', async () => {
  const free = await createWorld()
  for (const method of ['GET', 'POST']) {
    const answer = await fetch(`${free.url}/topup`, { method, headers: { Origin: free.url } })
    const html = await answer.text()
    expect([answer.status, html.includes('There is nothing to top up here')]).toEqual([404, true])
    expect(html).toContain('/docs#billing')
  }
  await free.close()
})
