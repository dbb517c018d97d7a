import encodeQR from 'qr'
import decodeQR from 'qr/decode.js'
import { expect, test } from 'vitest'
import { transferLink } from '../../../server/pages/transfer-link'
import { evmAddress, tronWallet } from '../../support/crypto'

const evm = evmAddress(1)
const tron = tronWallet(1)

test.each([
  [
    { network: 'bsc', coin: 'usdt', address: evm, units: 50_000_000_000_000_000_000n },
    `ethereum:0x55d398326f99059fF775485246999027B3197955@56/transfer?address=${evm}&uint256=50000000000000000000`,
  ],
  [
    { network: 'ethereum', coin: 'usdc', address: evm, units: 50_000_000n },
    `ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48@1/transfer?address=${evm}&uint256=50000000`,
  ],
  [
    { network: 'ethereum', coin: 'native', address: evm, units: 20n ** 12n },
    `ethereum:${evm}@1?value=4096000000000000`,
  ],
  [
    { network: 'tron', coin: 'usdt', address: tron, units: 19_990_000n },
    `tron:${tron}?amount=19.99&token=TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t`,
  ],
  [{ network: 'tron', coin: 'native', address: tron, units: 200_000_000n }, `tron:${tron}?amount=200`],
] as const)('%o has its link, and its code can be read', (wish, link) => {
  expect(transferLink(wish)).toBe(link)
  expect(decodeQR(imageOf(encodeQR(link, 'raw', { ecc: 'medium', border: 4 })))).toBe(link)
})

/** As a camera would see it: eight pixels a module. */
function imageOf(rows: readonly boolean[][]) {
  const scale = 8
  const size = rows.length * scale
  const data = new Uint8ClampedArray(size * size * 4).fill(255)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (rows[Math.floor(y / scale)]?.[Math.floor(x / scale)]) data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3)
    }
  }
  return { width: size, height: size, data }
}
