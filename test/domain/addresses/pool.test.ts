import { afterAll, beforeAll, expect, test } from 'vitest'
import { callRest } from '../../support/calls'
import { evmAddress } from '../../support/crypto'
import { createWorld, type World } from '../../support/world'

type Address = { id: string; address: string; state: string; label: string | null; is_active: boolean }
type Added = { addresses: Address[]; code?: string; field?: string; error?: string }

let world: World
let store: Awaited<ReturnType<World['openStore']>>
beforeAll(async () => {
  world = await createWorld()
  store = await world.openStore()
})
afterAll(() => world.close())

const call = <T = Address>(method: string, path: string, body?: unknown, key = store.liveKey) =>
  callRest<T>(world.url, method, `/v1/addresses${path}`, { key, body })
const add = (addresses: { address: string; label?: string }[], network = 'bsc', key?: string) =>
  call<Added>('POST', '', { network, addresses }, key)

test('addresses are added in bulk, stored with their checksum, and a repetition adds nothing', async () => {
  const list = [evmAddress(1), evmAddress(2).toLowerCase()]
  const added = await add(list.map((address) => ({ address, label: 'Ledger' })))
  expect(added.status).toBe(201)
  expect(added.body.addresses.map(({ address }) => address)).toEqual([evmAddress(1), evmAddress(2)])
  expect(added.body.addresses[0]).toMatchObject({ state: 'free', label: 'Ledger', is_active: true, is_test: false })
  const again = await add([{ address: evmAddress(2) }, { address: evmAddress(2).toLowerCase() }])
  expect(again.body.addresses).toEqual([added.body.addresses[1]])
})

test('one that is wrong is named, and none of its call is added', async () => {
  const refused = await add([{ address: evmAddress(10) }, { address: '0x742d35Cc6634C0532925a3b844Bc9e7595f7E5a3' }])
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request', field: 'addresses.1.address' } })
  const contract = await add([{ address: '0x55d398326f99059fF775485246999027B3197955' }])
  expect(contract.body.error).toMatch(/contract of USDT/)
  expect((await call('GET', `/${evmAddress(10)}`)).status).toBe(404)
})

test('an address belongs to one merchant on a network; test pools are a store’s own', async () => {
  const stranger = await world.openStore()
  await add([{ address: evmAddress(20) }])
  const taken = await add([{ address: evmAddress(21) }, { address: evmAddress(20) }], 'bsc', stranger.liveKey)
  expect(taken).toMatchObject({ status: 409, body: { code: 'address_taken', field: 'addresses.1.address' } })
  expect((await call('GET', `/${evmAddress(21)}`, undefined, stranger.liveKey)).status).toBe(404)
  expect((await add([{ address: evmAddress(20) }], 'ethereum', stranger.liveKey)).status).toBe(201)
  for (const key of [store.testKey, stranger.testKey]) {
    expect((await add([{ address: evmAddress(20) }], 'bsc', key)).status).toBe(201)
  }
  expect((await call('GET', `/${evmAddress(1)}`, undefined, store.testKey)).status).toBe(404)
})

test('parallel merchants with one address: one gets it', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, async () => (await world.openStore()).liveKey))
  const answers = await Promise.all(keys.map((key) => add([{ address: evmAddress(30) }], 'bsc', key)))
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)])
})

test('an address is labelled, disabled, put back and removed; then another merchant may have it', async () => {
  const [{ id }] = (await add([{ address: evmAddress(40) }])).body.addresses as [Address]
  expect((await call('PATCH', `/${id}`, { label: 'Cold' })).body).toMatchObject({ label: 'Cold', state: 'free' })
  expect((await call('PATCH', `/${id}`, { is_active: false })).body).toMatchObject({ label: 'Cold', state: 'disabled' })
  expect((await call('PATCH', `/${id}`, { is_active: true, label: null })).body).toMatchObject({
    label: null,
    state: 'free',
  })
  expect((await call('DELETE', `/${evmAddress(40)}`)).body).toEqual({ id, deleted: true })
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    expect((await call(method, `/${id}`, method === 'PATCH' ? {} : undefined)).status).toBe(404)
  }
  expect((await add([{ address: evmAddress(40) }], 'bsc', (await world.openStore()).liveKey)).status).toBe(201)
})

test('the list shows newest first, by network, state and part of the text', async () => {
  const key = (await world.openStore()).liveKey
  for (let n = 50; n < 55; n++) {
    world.clock.advance(1)
    await add([{ address: evmAddress(n), label: `Wallet ${n}` }], n === 54 ? 'ethereum' : 'bsc', key)
  }
  const list = async (query: string) => {
    type Page = { addresses: Address[]; next_cursor: string | null }
    const { body } = await call<Page>('GET', query, undefined, key)
    return { addresses: body.addresses.map(({ address }) => address), next: body.next_cursor }
  }
  const all = [54, 53, 52, 51, 50].map(evmAddress)
  expect((await list('')).addresses).toEqual(all)
  const first = await list('?limit=2')
  expect(first.addresses).toEqual(all.slice(0, 2))
  expect((await list(`?cursor=${first.next}`)).addresses).toEqual(all.slice(2))
  expect((await list('?network=ethereum')).addresses).toEqual(all.slice(0, 1))
  expect((await list('?search=wallet%2051')).addresses).toEqual([evmAddress(51)])
  expect((await list('?search=%25')).addresses).toEqual([])
  await call('PATCH', `/${evmAddress(52)}`, { is_active: false }, key)
  expect((await list('?state=disabled')).addresses).toEqual([evmAddress(52)])
})

test('another store’s address is not found, in the words of one that never was', async () => {
  const stranger = (await world.openStore()).liveKey
  const [{ id }] = (await add([{ address: evmAddress(60) }])).body.addresses as [Address]
  const answers = [
    await call('GET', `/${id}`, undefined, stranger),
    await call('GET', `/${evmAddress(60)}`, undefined, stranger),
    await call('GET', '/nonsense'),
    await call('GET', `/${evmAddress(61)}`),
  ]
  for (const { status, body } of answers) expect([status, body]).toEqual([404, answers[0]?.body])
})
