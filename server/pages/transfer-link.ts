import { type Coin, formatUnits, knownCoin, NETWORK_FACTS, type NetworkName } from '../kernel/networks'

/** What a wallet needs to make the transfer. */
export type TransferWish = { network: NetworkName; coin: Coin; address: string; units: bigint }

/**
 * The link in a QR code. Ethereum and BSC: EIP-681, with the chain's number, so that a wallet on another network asks first. TRON
 * has no standard: `tron:` with the amount, and the token's contract, is what wallets that read links there understand.
 */
export function transferLink({ network, coin, address, units }: TransferWish): string {
  const { contract, ...digits } = knownCoin(network, coin)
  const { chainId } = NETWORK_FACTS[network]
  if (chainId === null) {
    const token = contract === null ? '' : `&token=${contract}`
    return `tron:${address}?amount=${plain(formatUnits(units, digits))}${token}`
  }
  if (contract === null) return `ethereum:${address}@${chainId}?value=${units}`
  return `ethereum:${contract}@${chainId}/transfer?address=${address}&uint256=${units}`
}

function plain(decimal: string): string {
  return decimal.replace(/\.?0+$/, '')
}
