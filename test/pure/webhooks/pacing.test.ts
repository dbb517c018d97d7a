import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pacedForMs, paceOf } from '../../../server/domain/webhooks/pacing'

const at = (ms: number) => new Date(1_772_442_000_000 + ms)

test('without a limit everything goes', () => {
  expect(paceOf({ ratePerSecond: null, pacedUntil: null }, 16, at(0)).allowed).toBe(16)
  expect(pacedForMs({ ratePerSecond: null, pacedUntil: null }, at(0))).toBe(0)
})

test('one a second lets one go, and the next a second later', () => {
  const first = paceOf({ ratePerSecond: 1, pacedUntil: null }, 16, at(0))
  expect(first.allowed).toBe(1)
  const line = { ratePerSecond: 1, pacedUntil: first.pacedUntil }
  expect(paceOf(line, 16, at(999)).allowed).toBe(0)
  expect(pacedForMs(line, at(400))).toBe(600)
  expect(paceOf(line, 16, at(1_000)).allowed).toBe(1)
})

test('whenever it is asked, no second sees more than the rate and a tenth of it at once', () => {
  const asks = fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), wanted: fc.integer({ min: 1, max: 16 }) }),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), asks, (ratePerSecond, list) => {
      let now = 0
      let pacedUntil: Date | null = null
      const sent: { ms: number; count: number }[] = []
      for (const { afterMs, wanted } of list) {
        now += afterMs
        const pace = paceOf({ ratePerSecond, pacedUntil }, wanted, at(now))
        pacedUntil = pace.pacedUntil
        sent.push({ ms: now, count: pace.allowed })
      }
      for (const { ms } of sent) {
        const inSecond = sent.filter((other) => other.ms >= ms && other.ms < ms + 1_000)
        const total = inSecond.reduce((sum, { count }) => sum + count, 0)
        expect(total).toBeLessThanOrEqual(ratePerSecond + Math.max(1, ratePerSecond / 10))
      }
    }),
  )
})
