import { expect, test } from 'vitest'
import { createLiveChains } from '../../../server/chain/live'
import { systemClock } from '../../../server/kernel/clock'
import { serveNode } from '../../support/chain-node'

const none = { ethereum: [], bsc: [], tron: [], tronApi: [] }

test('a network is offered where it has nodes, and nowhere else', () => {
  const { networks } = createLiveChains({ ...none, bsc: ['http://127.0.0.1:1'] }, systemClock)
  expect(Object.keys(networks)).toEqual(['bsc'])
  expect(createLiveChains(none, systemClock).networks).toEqual({})
})

test('what nodes do wrong is told with the network’s name and the node’s host, and shows in its health', async () => {
  const node = serveNode(() => Promise.resolve('nonsense'))
  const told: unknown[] = []
  const chains = createLiveChains({ ...none, tron: [`${node.url}/jsonrpc`] }, systemClock, (...args) => told.push(args))
  await expect(chains.networks.tron?.head()).rejects.toThrow()
  await node.stop()
  const { host } = new URL(node.url)
  expect(told[0]).toMatchObject(['tron', { host, kind: 'lacking' }])
  expect(chains.health().tron).toMatchObject([
    { host, failures: told.length },
    { host, failures: 0 },
  ])
})
