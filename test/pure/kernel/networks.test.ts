import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAddress, tronAddress, tronAddressBytes } from '../../../server/kernel/chain-address'
import { coinFacts, formatUnits, NETWORK_FACTS, NETWORKS, parseUnits } from '../../../server/kernel/networks'

describe('EIP-55', () => {
  // The samples of the EIP itself.
  test.each([
    '0x52908400098527886E0F7030069857D2E4169EE7',
    '0xde709f2102306220921060314715629080e2fb77',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ])('%s is taken in each of its spellings and stored with its checksum', (address) => {
    const { address: stored } = readAddress('ethereum', address.toLowerCase())
    expect(stored?.toLowerCase()).toBe(address.toLowerCase())
    for (const text of [address, address.toUpperCase(), `0x${address.slice(2).toUpperCase()}`]) {
      expect(readAddress('bsc', text).address).toBe(stored)
    }
  })

  test('the sample address of document B is refused as it stands, and taken in lower case', () => {
    const sample = '0x742d35Cc6634C0532925a3b844Bc9e7595f7E5a3'
    expect(readAddress('bsc', sample).problem).toMatch(/EIP-55/)
    const { address = '' } = readAddress('bsc', sample.toLowerCase())
    expect(readAddress('bsc', address)).toEqual({ address })
  })

  test('one changed letter is found out', () => {
    const address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
    expect(readAddress('ethereum', address.replace('aA', 'AA')).problem).toMatch(/EIP-55/)
  })
})

describe('TRON', () => {
  const USDT = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'

  test('base58check goes there and back', () => {
    expect(readAddress('tron', USDT)).toEqual({ address: USDT })
    expect(Buffer.from(tronAddressBytes(USDT)).toString('hex')).toBe('a614f803b6fd780986a42c78ec9c7f77e6ded13c')
    const address = tronAddress(tronAddressBytes(USDT))
    expect(address).toBe(USDT)
  })

  test('every changed character is found out', () => {
    for (let at = 1; at < USDT.length; at++) {
      const changed = USDT.slice(0, at) + (USDT[at] === 'z' ? 'y' : 'z') + USDT.slice(at + 1)
      expect(readAddress('tron', changed).address).toBeUndefined()
    }
  })
})

test.each([
  ['bsc', ''],
  ['bsc', '0x'],
  ['bsc', '0x742d35cc6634c0532925a3b844bc9e7595f7e5a'],
  ['bsc', '0x742d35cc6634c0532925a3b844bc9e7595f7e5a33'],
  ['bsc', '742d35cc6634c0532925a3b844bc9e7595f7e5a3'],
  ['bsc', `0x${'0'.repeat(40)}`],
  ['bsc', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'],
  ['tron', '0x742d35cc6634c0532925a3b844bc9e7595f7e5a3'],
  ['tron', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6'],
  ['tron', 'tr7nhqjekqxgtci8q8zy4pl8otszgjlj6t'],
  // Bitcoin's prefix with a right checksum.
  ['tron', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'],
] as const)('%s refuses %j and says why', (network, text) => {
  expect(readAddress(network, text)).toEqual({ problem: expect.any(String) })
})

test('every contract of ours is spelled with its checksum', () => {
  for (const network of NETWORKS) {
    for (const { contract } of Object.values(NETWORK_FACTS[network].coins)) {
      if (contract) expect(readAddress(network, contract)).toEqual({ address: contract })
    }
  }
})

test('the pairs that exist are those of the documents', () => {
  expect(coinFacts('tron', 'usdc')).toBeUndefined()
  expect(coinFacts('tron', 'busd')).toBeUndefined()
  expect(coinFacts('bsc', 'usdt')?.decimals).toBe(18)
  expect(coinFacts('ethereum', 'usdt')?.decimals).toBe(6)
})

describe('units', () => {
  test.each([
    [50_000_000n, 6, 6, '50.000000'],
    [50_000_000_000_000_000_000n, 18, 6, '50.000000'],
    [50_000_000_000_000_000_001n, 18, 6, '50.000000000000000001'],
    [1n, 18, 8, '0.000000000000000001'],
    [0n, 6, 6, '0.000000'],
  ])('%s of %i decimals is %s', (units, decimals, shownDecimals, text) => {
    expect(formatUnits(units, { decimals, shownDecimals })).toBe(text)
    expect(parseUnits(text, decimals)).toBe(units)
  })

  test('text and units go there and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.constantFrom(6, 18), (units, decimals) => {
        expect(parseUnits(formatUnits(units, { decimals, shownDecimals: 6 }), decimals)).toBe(units)
      }),
    )
  })

  test.each(['', '.5', '5.', '-1', '1e3', '1,5', '0x1', '1.0000001'])('%j is no amount of 6 decimals', (text) => {
    expect(parseUnits(text, 6)).toBeUndefined()
  })
})
