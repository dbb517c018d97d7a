import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judge, type Received, type Terms, type Tip } from '../../../server/domain/crypto/judgement'

const at = (minutes: number) => new Date(Date.UTC(2026, 2, 2, 9, minutes))
const terms: Terms = {
  expectedUnits: 50_000_000n,
  toleranceUnits: 0n,
  requiredConfirmations: 15,
  expiresAt: at(30),
  graceEndsAt: at(90),
}
const came = (units: bigint, blockNumber: bigint, minutes: number): Received => ({
  txHash: `tx ${blockNumber} ${units}`,
  units,
  blockNumber,
  blockTime: at(minutes),
})
const tip = (number: bigint, minutes: number, finalized = number): Tip => ({
  number,
  blockTime: at(minutes),
  finalized,
})
const phase = (received: Received[], seen: Tip) => judge(terms, received, seen).phase

describe('a payment that nothing came for', () => {
  test('waits to the very second and is expired in the next block', () => {
    expect(phase([], tip(9n, 30))).toBe('waiting')
    expect(phase([], { ...tip(9n, 30), blockTime: new Date(at(30).getTime() + 1) })).toBe('expired')
  })

  test('isn’t kept alive by dust, and dust is not told as late money', () => {
    const dust = [came(1n, 1n, 5), came(50_000n, 2n, 6), came(49_999n, 9n, 40)]
    expect(judge(terms, dust, tip(9n, 40))).toEqual({
      phase: 'expired',
      creditedUnits: null,
      lateUnits: 0n,
      txHash: null,
      height: null,
    })
  })
})

describe('money in time', () => {
  test('counts when its block is of the last moment, whenever it is seen', () => {
    expect(judge(terms, [came(50_000_000n, 3n, 30)], tip(500n, 600))).toMatchObject({ phase: 'confirmed', height: 3n })
  })

  test('is confirmed with as many blocks as are asked for, and final ones only', () => {
    const received = [came(50_000_000n, 100n, 5)]
    expect(phase(received, tip(113n, 6))).toBe('seen')
    expect(phase(received, tip(114n, 6))).toBe('confirmed')
    expect(phase(received, tip(130n, 6, 99n))).toBe('seen')
    expect(phase(received, tip(130n, 6, 100n))).toBe('confirmed')
  })

  test('one unit short is short', () => {
    expect(judge(terms, [came(49_999_999n, 1n, 5)], tip(99n, 31))).toMatchObject({
      phase: 'short',
      creditedUnits: 49_999_999n,
    })
    expect(phase([came(49_999_999n, 1n, 5), came(1n, 2n, 6)], tip(99n, 31))).toBe('confirmed')
  })

  test('a tolerance lets it be short by that much', () => {
    expect(judge({ ...terms, toleranceUnits: 1n }, [came(49_999_999n, 1n, 5)], tip(99n, 31)).phase).toBe('confirmed')
  })

  test('two transfers of one transaction both count, and the block of the second is what is waited for', () => {
    const received = [came(20_000_000n, 1n, 5), came(30_000_000n, 10n, 6)]
    expect(judge(terms, received, tip(20n, 7))).toMatchObject({ phase: 'seen', height: 10n, txHash: 'tx 10 30000000' })
  })

  test('more than asked for is credited, and confirmed by what made it whole', () => {
    const received = [came(50_000_000n, 1n, 5), came(7n, 15n, 20)]
    expect(judge(terms, received, tip(15n, 21))).toMatchObject({ phase: 'confirmed', creditedUnits: 50_000_007n })
  })
})

describe('too late', () => {
  test('after the end it is recorded, and never credited', () => {
    expect(judge(terms, [came(50_000_000n, 9n, 31)], tip(99n, 99))).toEqual({
      phase: 'expired',
      creditedUnits: null,
      lateUnits: 50_000_000n,
      txHash: null,
      height: null,
    })
  })

  test('the rest of what came short counts within the grace, and only until it is enough', () => {
    const received = [came(20_000_000n, 1n, 5), came(30_000_000n, 2n, 90), came(30_000_000n, 3n, 90)]
    expect(judge(terms, received, tip(99n, 99))).toMatchObject({
      phase: 'confirmed',
      creditedUnits: 50_000_000n,
      lateUnits: 30_000_000n,
    })
    expect(phase(received.slice(0, 1), tip(9n, 90))).toBe('short')
    expect(phase(received.slice(0, 1), tip(9n, 91))).toBe('failed')
    expect(phase([came(20_000_000n, 1n, 5), came(30_000_000n, 2n, 91)], tip(99n, 99))).toBe('failed')
  })
})

test('no unit is lost or counted twice: credited, late and dust are all that came', () => {
  const transfer = fc.record({
    units: fc.bigInt({ min: 1n, max: 60_000_000n }),
    minutes: fc.integer({ min: 0, max: 120 }),
  })
  fc.assert(
    fc.property(fc.array(transfer, { maxLength: 8 }), (drawn) => {
      const received = drawn
        .sort((a, b) => a.minutes - b.minutes)
        .map(({ units, minutes }, n) => came(units, BigInt(n + 1), minutes))
      const judgement = judge(terms, received, tip(1_000n, 1_000))
      const all = received.reduce((sum, { units }) => sum + units, 0n)
      const told = (judgement.creditedUnits ?? 0n) + judgement.lateUnits
      expect(told).toBeLessThanOrEqual(all)
      const dust = received.filter(({ units }) => units <= 50_000n).reduce((sum, { units }) => sum + units, 0n)
      expect(all - told).toBeLessThanOrEqual(dust)
      expect(['confirmed', 'failed', 'expired']).toContain(judgement.phase)
      expect(judgement.phase === 'confirmed').toBe((judgement.creditedUnits ?? 0n) >= 50_000_000n)
    }),
  )
})
