import { createHash } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { createBase58check } from '@scure/base'
import type { NetworkName } from './networks'

/*
 * Addresses of the networks, and the checksums in them: EIP-55's capitals for Ethereum and BSC, base58check for TRON. A wrong
 * one is money sent to nobody.
 */

const base58check = createBase58check((data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest()))

/** The first of the 21 bytes of every TRON address of the main network. */
const TRON_PREFIX = 0x41

/** The address as it is stored and shown, with its checksum; or what is wrong with it, in words. */
export type ReadAddress = { address: string; problem?: undefined } | { address?: undefined; problem: string }

/**
 * EVM: 0x and 40 hex digits, all lower case, all upper case, or in capitals that fit EIP-55. TRON: 34 characters that begin with T.
 */
export function readAddress(network: NetworkName, text: string): ReadAddress {
  return network === 'tron' ? readTron(text) : readEvm(text)
}

function readEvm(text: string): ReadAddress {
  const digits = /^0[xX]([0-9a-fA-F]{40})$/.exec(text)?.[1]
  if (!digits) return { problem: 'must be 0x and 40 hexadecimal digits' }
  if (/^0+$/.test(digits)) return { problem: 'must not be the zero address, which belongs to nobody' }
  const address = withEip55(digits.toLowerCase())
  const isOneCase = digits === digits.toLowerCase() || digits === digits.toUpperCase()
  if (isOneCase || address === `0x${digits}`) return { address }
  return {
    problem: 'its capitals do not fit its EIP-55 checksum: a character is mistyped. Copy it from your wallet again',
  }
}

/** An address of Ethereum or BSC in hexadecimal, with its checksum. */
export function evmAddress(hex: string): string {
  const digits = /^0x([0-9a-f]{40})$/i.exec(hex)?.[1]
  if (!digits) throw new RangeError('an address must be 0x and 40 hexadecimal digits')
  return withEip55(digits.toLowerCase())
}

/** Of 40 lower-case digits: a letter is a capital where the digit of the hash at its place is 8 or more. */
function withEip55(digits: string): string {
  const hash = Buffer.from(keccak_256(new TextEncoder().encode(digits))).toString('hex')
  return `0x${[...digits].map((digit, at) => (Number.parseInt(hash.charAt(at), 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`
}

function readTron(text: string): ReadAddress {
  const problem = 'must be a TRON address: 34 characters that begin with T'
  if (!/^T[1-9A-HJ-NP-Za-km-z]{33}$/.test(text)) return { problem }
  try {
    const bytes = base58check.decode(text)
    return bytes.length === 21 && bytes[0] === TRON_PREFIX ? { address: text } : { problem }
  } catch {
    return { problem: 'its checksum does not fit: a character is mistyped. Copy it from your wallet again' }
  }
}

/** The TRON address of 20 bytes, as a contract's log names it. Throws RangeError on another length. */
export function tronAddress(bytes: Uint8Array): string {
  if (bytes.length !== 20) throw new RangeError('a TRON address has 20 bytes after its prefix')
  return base58check.encode(Uint8Array.of(TRON_PREFIX, ...bytes))
}

/** The 20 bytes that the chains themselves name an address by: `0x` and 40 hex digits. */
export function addressHex(address: string): string {
  return address.startsWith('T') ? `0x${Buffer.from(tronAddressBytes(address)).toString('hex')}` : address.toLowerCase()
}

/** What comes after the prefix of a TRON address that was read before, for calls that name it in hexadecimal. */
export function tronAddressBytes(address: string): Uint8Array {
  return base58check.decode(address).subarray(1)
}
