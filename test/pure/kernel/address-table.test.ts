import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAddressTable } from '../../../server/kernel/address-table'

const randomAddress = () => `0x${randomBytes(20).toString('hex')}`

test('it holds what was added, once each, and nothing else, however much it grows', () => {
  const added = Array.from({ length: 20_000 }, randomAddress)
  const table = createAddressTable()
  for (const hex of [...added, ...added.slice(0, 100)]) table.add(hex)
  expect(table.size).toBe(added.length)
  expect(added.every(table.has)).toBe(true)
  expect(Array.from({ length: 20_000 }, randomAddress).some(table.has)).toBe(false)
})

test('it is a set of addresses, whatever their case and however alike they are', () => {
  // Few and similar ones, so that they collide.
  const hex = fc
    .array(fc.constantFrom('0', '1', 'a', 'F'), { minLength: 3, maxLength: 3 })
    .map((digits) => `0x${digits.join('').padEnd(40, '00000001')}`)
  fc.assert(
    fc.property(fc.array(hex), fc.array(hex), (added, others) => {
      const table = createAddressTable()
      const set = new Set(added.map((one) => one.toLowerCase()))
      for (const one of added) table.add(one)
      expect(table.size).toBe(set.size)
      for (const one of [...added, ...others])
        expect(table.has(one.toUpperCase().replace('0X', '0x'))).toBe(set.has(one.toLowerCase()))
    }),
  )
})

test('what is no address is refused, and never found', () => {
  const table = createAddressTable()
  const wrong = [
    '',
    '0x',
    `0x${'0'.repeat(40)}`,
    `0x${'g'.repeat(40)}`,
    `0x${'1'.repeat(39)}`,
    `0x${'1'.repeat(41)}`,
    'T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb',
  ]
  for (const text of wrong) {
    expect(() => table.add(text)).toThrow(RangeError)
    expect(table.has(text)).toBe(false)
  }
})

test('a million addresses take less than 30 MB', () => {
  expect(createAddressTable(1_000_000).bytes).toBeLessThan(30_000_000)
})
