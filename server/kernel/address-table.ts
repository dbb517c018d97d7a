import { randomBytes } from 'node:crypto'

/*
 * A set of addresses in few bytes: 20 bytes each in one open-addressed table, where a Set of strings takes ten times as much. A
 * million addresses are 29 MB.
 */

export type AddressTable = {
  /** `0x` and 40 hex digits of either case, as EVM addresses have them. Throws RangeError on anything else. */
  add(hex: string): void
  has(hex: string): boolean
  readonly size: number
  /** What the table itself takes. */
  readonly bytes: number
}

const WORDS = 5
const SMALLEST = 1_024

/** Of the slots, when the table grows: looking for what isn't there takes six steps then. */
const FULLEST = 0.7
const GROWTH = 1.5

/** With room for as many addresses as are expected. */
export function createAddressTable(expected = 0): AddressTable {
  // Merchants choose their addresses: with a secret seed nobody can choose a million that collide.
  const seed = randomBytes(4).readUInt32LE()
  let capacity = capacityFor(expected)
  // All zeros is an empty slot, and the zero address is nobody's.
  let slots = new Uint32Array(capacity * WORDS)
  let size = 0
  const key = new Uint32Array(WORDS)

  function grow(): void {
    const [old, count] = [slots, capacity]
    capacity = Math.ceil(capacity * GROWTH)
    slots = new Uint32Array(capacity * WORDS)
    for (let slot = 0; slot < count; slot++) {
      if (isEmpty(old, slot * WORDS)) continue
      for (let word = 0; word < WORDS; word++) key[word] = old[slot * WORDS + word] ?? 0
      slots.set(key, find(slots, capacity, key, seed))
    }
  }

  return {
    add: (hex) => {
      if (!readKey(hex, key) || isEmpty(key, 0)) throw new RangeError(`${hex} is no address`)
      const at = find(slots, capacity, key, seed)
      if (!isEmpty(slots, at)) return
      slots.set(key, at)
      size++
      if (size > capacity * FULLEST) grow()
    },
    has: (hex) => readKey(hex, key) && !isEmpty(key, 0) && !isEmpty(slots, find(slots, capacity, key, seed)),
    get size() {
      return size
    },
    get bytes() {
      return slots.byteLength
    },
  }
}

function capacityFor(expected: number): number {
  return Math.max(SMALLEST, Math.ceil(expected / FULLEST) + 1)
}

/** Where the key is, or the empty slot where it belongs. */
function find(slots: Uint32Array, capacity: number, key: Uint32Array, seed: number): number {
  for (let slot = hashOf(key, seed) % capacity; ; slot = slot + 1 === capacity ? 0 : slot + 1) {
    const at = slot * WORDS
    if (isEmpty(slots, at) || isSame(slots, at, key)) return at
  }
}

function isEmpty(slots: Uint32Array, at: number): boolean {
  for (let word = 0; word < WORDS; word++) if (slots[at + word] !== 0) return false
  return true
}

function isSame(slots: Uint32Array, at: number, key: Uint32Array): boolean {
  for (let word = 0; word < WORDS; word++) if (slots[at + word] !== key[word]) return false
  return true
}

/** MurmurHash3 over the words. */
function hashOf(key: Uint32Array, seed: number): number {
  let hash = seed
  for (let word = 0; word < WORDS; word++) {
    const mixed = Math.imul(key[word] ?? 0, 0xcc9e2d51)
    hash ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** False when it isn't 0x and 40 hex digits. */
function readKey(hex: string, key: Uint32Array): boolean {
  if (hex.length !== 42 || hex.charCodeAt(0) !== 48 || (hex.charCodeAt(1) | 32) !== 120) return false
  for (let word = 0; word < WORDS; word++) {
    let value = 0
    for (let at = 2 + word * 8; at < 10 + word * 8; at++) {
      const digit = digitOf(hex.charCodeAt(at))
      if (digit < 0) return false
      value = (value << 4) | digit
    }
    key[word] = value
  }
  return true
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
