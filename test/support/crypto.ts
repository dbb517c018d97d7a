import { createHash } from 'node:crypto'
import { readAddress, tronAddress } from '../../server/kernel/chain-address'

/** The nth wallet of a test, with its checksum. */
export function evmAddress(n: number): string {
  const { address } = readAddress('bsc', `0x${bytesOf(n).toString('hex')}`)
  if (!address) throw new Error('a hash is an address')
  return address
}

export function tronWallet(n: number): string {
  return tronAddress(bytesOf(n))
}

function bytesOf(n: number): Buffer {
  return createHash('sha256').update(`wallet ${n}`).digest().subarray(0, 20)
}
