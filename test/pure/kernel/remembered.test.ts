import { expect, test } from 'vitest'
import { remembered } from '../../../server/kernel/remembered'

test('what was made of a text is made once, and again only when too many texts came between', () => {
  const made: string[] = []
  const shout = remembered(2, (text) => {
    made.push(text)
    return text.toUpperCase()
  })
  expect(['a', 'b', 'a', 'b', 'a'].map(shout)).toEqual(['A', 'B', 'A', 'B', 'A'])
  expect(made).toEqual(['a', 'b'])
  expect(['c', 'a'].map(shout)).toEqual(['C', 'A'])
  expect(made).toEqual(['a', 'b', 'c', 'a'])
})
