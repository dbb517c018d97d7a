import { expect, test } from 'vitest'
import { CATALOGUE, EVENT_TYPES, nearestEventTypes } from '../../../server/domain/webhooks/catalogue'

test('the sample of every event is what its schema says, without extra fields', () => {
  for (const type of EVENT_TYPES)
    expect(CATALOGUE[type].data.parse(CATALOGUE[type].sample)).toEqual(CATALOGUE[type].sample)
})

test.each([
  ['sale.complete', 'sale.completed'],
  ['sale_refunded', 'sale.refunded'],
  ['SALE.REFUNDED', 'sale.refunded'],
  ['refunded', 'sale.refunded'],
])('%s may have meant %s', (mistaken, meant) => {
  expect(nearestEventTypes(mistaken)[0]).toBe(meant)
})

test('what resembles nothing has no nearest event', () => {
  expect(nearestEventTypes('zzz')).toEqual([])
})
