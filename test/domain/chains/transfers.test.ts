import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NETWORK_FACTS } from '../../../server/kernel/networks'
import { PAYER_CODE, REVERTING_CODE, tokenCode, transferCall } from '../../support/contracts'
import { newWallet } from '../../support/live-chain'
import { type LiveWorld, openLiveWorld } from '../../support/live-world'

/** What transfers of real chains look like, and what becomes of the payments: through the server, the nodes and the watcher. */

let world: LiveWorld
beforeAll(async () => {
  world = await openLiveWorld(['ethereum', 'bsc', 'tron'])
})
afterAll(() => world.close())

const FIFTY = 50_000_000n

async function stage(network: 'ethereum' | 'bsc' | 'tron' = 'ethereum', currency = 'usdt') {
  const chain = world.chain(network)
  await chain.watcher.catchUp()
  world.prices.updatedAt = world.clock.now()
  const shop = await world.shop()
  const payment = await shop.create(network, currency)
  const to = payment.assigned_address
  const grown = async (blocks: number) => {
    await chain.mine(blocks)
    await chain.watcher.catchUp()
    return shop.get(payment)
  }
  return { chain, shop, payment, to, grown, confirmations: NETWORK_FACTS[network].confirmations }
}

test.each(['ethereum', 'bsc', 'tron'] as const)(
  '%s: a payment goes from pending to detected to confirmed, each told once',
  async (network) => {
    const { chain, shop, payment, to, grown, confirmations } = await stage(network)
    const tx = await chain.pay('usdt', [to, network === 'bsc' ? FIFTY * 10n ** 12n : FIFTY])
    expect(await grown(1)).toMatchObject({
      status: 'pending',
      tx_hash: tx,
      actual_crypto_amount: '50.000000',
      confirmations: 1,
    })
    expect(await grown(confirmations - 2)).toMatchObject({ status: 'pending', confirmations: confirmations - 1 })
    expect(await grown(1)).toMatchObject({ status: 'confirmed', confirmations })
    expect(await shop.told(payment)).toEqual(['confirmed', 'detected'])
  },
)

test('18 against 6 decimals: the same base units are fifty dollars on one network and nothing on the other', async () => {
  const { chain, shop, payment, to, grown, confirmations } = await stage('bsc')
  await chain.pay('usdt', [to, FIFTY])
  expect(await grown(confirmations)).toMatchObject({ status: 'pending', actual_crypto_amount: null })
  await chain.pay('usdt', [to, FIFTY * 10n ** 12n])
  expect(await grown(confirmations)).toMatchObject({ status: 'confirmed', actual_crypto_amount: '50.00000000005' })
  expect(await shop.told(payment)).toEqual(['confirmed', 'detected', 'overpaid'])
})

test('fake token: one that only says that it is USDT pays nothing', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  const fake = '0x1111111111111111111111111111111111111111'
  await chain.anvil.call('anvil_setCode', fake, tokenCode(6))
  await chain.anvil.send({ to: fake, data: transferCall([chain.hex(to), FIFTY]) })
  expect(await grown(12)).toMatchObject({ status: 'pending', actual_crypto_amount: null, tx_hash: '' })
  expect(await shop.told(payment)).toEqual([])
})

test('zero-value poisoning: transfers of nothing, and of dust, neither pay nor tell anything', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  await chain.pay('usdt', [to, 0n])
  await chain.pay('usdt', [to, 1n])
  expect(await grown(12)).toMatchObject({ status: 'pending', actual_crypto_amount: null })
  expect(await shop.told(payment)).toEqual([])
})

test('multisend: one transaction that pays two payments pays both', async () => {
  const { chain, shop, to, grown } = await stage()
  await shop.add('ethereum', [newWallet('ethereum')])
  const second = await shop.create('ethereum', 'usdt')
  const tx = await chain.pay('usdt', [to, FIFTY], [second.assigned_address, FIFTY])
  expect(await grown(12)).toMatchObject({ status: 'confirmed', tx_hash: tx })
  expect(await shop.get(second)).toMatchObject({ status: 'confirmed', tx_hash: tx })
})

test('fee-on-transfer: what arrives counts, not what was sent', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  await chain.pay('usdt', [to, FIFTY - 50_000n], [newWallet('ethereum'), 50_000n])
  expect(await grown(12)).toMatchObject({ status: 'pending', actual_crypto_amount: '49.950000' })
  await chain.pay('usdt', [to, 50_000n])
  expect(await grown(12)).toMatchObject({ status: 'confirmed', actual_crypto_amount: '50.000000' })
  expect(await shop.told(payment)).toEqual(['confirmed', 'detected', 'underpaid'])
})

test('one unit short: it is not paid, and fails after its grace', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  await chain.pay('usdt', [to, FIFTY - 1n])
  expect(await grown(12)).toMatchObject({ status: 'pending', actual_crypto_amount: '49.999999' })
  world.clock.advance(91 * 60_000)
  expect(await grown(1)).toMatchObject({ status: 'failed' })
  expect(await shop.told(payment)).toEqual(['detected', 'underpaid', 'underpaid'])
})

test('split payment: two transfers that add up pay; double payment: the second is told as too much', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  await chain.pay('usdt', [to, FIFTY / 2n])
  expect(await grown(1)).toMatchObject({ status: 'pending', actual_crypto_amount: '25.000000' })
  const second = await chain.pay('usdt', [to, FIFTY / 2n])
  expect(await grown(12)).toMatchObject({ status: 'confirmed', tx_hash: second, actual_crypto_amount: '50.000000' })
  await chain.pay('usdt', [to, FIFTY])
  expect(await grown(1)).toMatchObject({ status: 'confirmed', actual_crypto_amount: '100.000000' })
  expect(await shop.told(payment)).toEqual(['confirmed', 'detected', 'overpaid', 'underpaid'])
})

test('overpayment: it is confirmed, and told with what came', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  await chain.pay('usdt', [to, FIFTY * 2n])
  expect(await grown(12)).toMatchObject({ status: 'confirmed', actual_crypto_amount: '100.000000' })
  expect(await shop.told(payment)).toEqual(['confirmed', 'detected', 'overpaid'])
})

test('late payment onto a re-locked address: it is the old payment’s late money, and never the new one’s', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  world.clock.advance(31 * 60_000)
  expect(await grown(1)).toMatchObject({ status: 'expired' })
  const second = await shop.create('ethereum', 'usdt', 7_000)
  expect(second.assigned_address).toBe(to)
  await chain.pay('usdt', [to, FIFTY])
  expect(await grown(12)).toMatchObject({
    status: 'expired',
    actual_crypto_amount: null,
    late_crypto_amount: '50.000000',
  })
  expect(await shop.get(second)).toMatchObject({ status: 'pending', actual_crypto_amount: null })
  expect(await shop.told(payment)).toEqual(['expired', 'late'])
})

test('a payment that is paid in its last second is in time, however late it is seen', async () => {
  const { chain, to, shop, payment } = await stage()
  world.clock.advance(30 * 60_000 - 2_000)
  await chain.pay('usdt', [to, FIFTY])
  await chain.mine()
  await chain.mine(1, 3_600)
  await chain.mine(12)
  await chain.watcher.catchUp()
  expect(await shop.get(payment)).toMatchObject({ status: 'confirmed', late_crypto_amount: null })
})

describe('native money', () => {
  const TWO_CENTS_OF_ETHER = 20_000_000_000_000_000n
  const PAYER = '0x2222222222222222222222222222222222222222'

  test('what a transaction sends is paid', async () => {
    const { chain, to, grown, payment } = await stage('ethereum', 'native')
    expect(payment).toMatchObject({ expected_crypto_amount: '0.02000000', rate: '2500.00', rate_source: 'coingecko' })
    const tx = await chain.pay('native', [to, TWO_CENTS_OF_ETHER])
    expect(await grown(12)).toMatchObject({ status: 'confirmed', tx_hash: tx })
  })

  test('reverted native transfer: it pays nothing', async () => {
    const { chain, to, grown } = await stage('ethereum', 'native')
    await chain.anvil.call('anvil_setCode', to, REVERTING_CODE)
    await chain.pay('native', [to, TWO_CENTS_OF_ETHER])
    expect(await grown(12)).toMatchObject({ status: 'pending', actual_crypto_amount: null })
  })

  test('internal native transfer: what a contract sends to an address that its calldata names is paid', async () => {
    const { chain, to, grown } = await stage('ethereum', 'native')
    await chain.anvil.call('anvil_setCode', PAYER, PAYER_CODE)
    const data = transferCall([chain.hex(to), TWO_CENTS_OF_ETHER])
    const tx = await chain.anvil.send({ to: PAYER, value: TWO_CENTS_OF_ETHER, data })
    expect(await grown(12)).toMatchObject({ status: 'confirmed', tx_hash: tx, actual_crypto_amount: '0.02000000' })
  })

  test.each(['packed into calldata', 'nowhere in calldata'])(
    'internal native transfer: an address that is %s is found by its balance, and paid once',
    async (where) => {
      const { chain, shop, payment, to, grown } = await stage('ethereum', 'native')
      const hex = chain.hex(to).slice(2)
      // CALL(gas, address, value, no data): the address from the third byte of calldata on, or a part of the code.
      const forward = where === 'packed into calldata' ? '60033560601c' : `73${hex}`
      await chain.anvil.call('anvil_setCode', PAYER, `0x5f5f5f5f34${forward}5af100`)
      const data = where === 'packed into calldata' ? `0x010203${hex}ff` : '0x'
      const tx = await chain.anvil.send({ to: PAYER, value: TWO_CENTS_OF_ETHER, data })
      expect(await grown(1)).toMatchObject({ tx_hash: tx, actual_crypto_amount: '0.02000000' })
      expect(await grown(11)).toMatchObject({ status: 'confirmed', actual_crypto_amount: '0.02000000' })
      expect(await shop.told(payment)).toEqual(['confirmed', 'detected'])
    },
  )

  test('TRC-10 spoof: what only looks like TRX in JSON-RPC pays nothing, and TRX does', async () => {
    const { chain, to, grown } = await stage('tron', 'native')
    chain.kinds.set(await chain.pay('native', [to, 200_000_000n]), 'TransferAssetContract')
    expect(await grown(20)).toMatchObject({ status: 'pending', actual_crypto_amount: null })
    const tx = await chain.pay('native', [to, 200_000_000n])
    expect(await grown(20)).toMatchObject({ status: 'confirmed', tx_hash: tx })
  })
})

test('money that comes a month after a payment’s end is for no payment, and listed; the day before it is late', async () => {
  const { chain, shop, payment, to, grown } = await stage()
  const [day, half] = [86_400_000, 1_800_000]
  world.clock.advance(30 * day + half - 60_000)
  await chain.pay('usdt', [to, FIFTY])
  expect(await grown(1)).toMatchObject({ status: 'expired', late_crypto_amount: '50.000000' })
  world.clock.advance(120_000)
  await chain.pay('usdt', [to, FIFTY * 2n])
  expect(await grown(1)).toMatchObject({ status: 'expired', late_crypto_amount: '50.000000' })
  expect(await shop.told(payment)).toEqual(['expired', 'late'])
  const { transfers } = (await shop.call('GET', '/../../v1/unmatched_transfers')).body
  expect(transfers).toMatchObject([
    { reason: 'no_payment', payment_number: null, amount: '100.000000' },
    { reason: 'late', payment_number: payment.payment_number, amount: '50.000000' },
  ])
})
