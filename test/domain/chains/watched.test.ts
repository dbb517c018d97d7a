import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { addAddresses } from '../../../server/domain/addresses/service'
import { liveChain } from '../../../server/domain/chains/chain'
import { createWatchedAddresses } from '../../../server/domain/chains/watched'
import { addressHex } from '../../../server/kernel/chain-address'
import type { NetworkName } from '../../../server/kernel/networks'
import { evmAddress, tronWallet } from '../../support/crypto'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

async function add(network: NetworkName, address: string, isTest = false): Promise<void> {
  const { store } = await world.openStore()
  await addAddresses(storeContext(world.deps, store.storeId, isTest), { network, address })
}

test('a refresh takes in the addresses of all stores on this network, and those of no other one', async () => {
  await add('bsc', evmAddress(1))
  await add('bsc', evmAddress(2))
  await add('ethereum', evmAddress(3))
  await add('bsc', evmAddress(4), true)
  const watched = createWatchedAddresses(liveChain('bsc'))
  expect(watched.isWatched(addressHex(evmAddress(1)))).toBe(false)
  await watched.refresh(world.deps)
  const seen = [1, 2, 3, 4].map((n) => watched.isWatched(addressHex(evmAddress(n))))
  expect(seen).toEqual([true, true, false, false])
  expect(watched.size).toBe(2)
})

test('an address of TRON is known by its 20 bytes', async () => {
  await add('tron', tronWallet(1))
  const watched = createWatchedAddresses(liveChain('tron'))
  await watched.refresh(world.deps)
  expect(watched.isWatched(addressHex(tronWallet(1)))).toBe(true)
})

test('the next refresh takes in what was added meanwhile, also by a process whose clock is a minute behind', async () => {
  const watched = createWatchedAddresses(liveChain('ethereum'))
  await watched.refresh(world.deps)
  world.clock.advance(-60_000)
  await add('ethereum', evmAddress(10))
  world.clock.advance(60_000)
  await add('ethereum', evmAddress(11))
  await watched.refresh(world.deps)
  expect([10, 11].map((n) => watched.isWatched(addressHex(evmAddress(n))))).toEqual([true, true])
})
