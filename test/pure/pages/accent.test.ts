import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  contrast,
  GROUNDS,
  HOUSE_ACCENT,
  MIN_CONTRAST,
  readableAccent,
  type Scheme,
} from '../../../server/pages/accent'

const colour = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`)

test('every accent that a seller can choose is readable on every ground, light and dark', () => {
  fc.assert(
    fc.property(colour, fc.constantFrom<Scheme>('light', 'dark'), (accent, scheme) => {
      const shade = readableAccent(accent, scheme)
      expect(shade).toMatch(/^#[0-9a-f]{6}$/)
      for (const ground of Object.values(GROUNDS[scheme])) {
        expect(contrast(shade, ground)).toBeGreaterThanOrEqual(MIN_CONTRAST)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('an accent that is readable already stays as the seller chose it', () => {
  expect(readableAccent('#1d4ed8', 'light')).toBe('#1d4ed8')
  expect(readableAccent(HOUSE_ACCENT, 'light')).toBe(HOUSE_ACCENT)
  expect(readableAccent('#FFD700', 'dark')).toBe('#ffd700')
})

test('contrast is what WCAG says it is', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  expect(contrast('#123456', '#123456')).toBe(1)
})

test('the stylesheet stands on the grounds that contrast is measured against', () => {
  const read = (name: string) =>
    readFileSync(new URL(`../../../server/pages/client/${name}.css`, import.meta.url), 'utf8')
  const css = read('base') + read('dark')
  const declared = (name: string) => [...css.matchAll(new RegExp(`--${name}: (#[0-9a-f]+);`, 'g'))].map((m) => m[1])
  expect(declared('page').slice(0, 2)).toEqual([GROUNDS.light.page, GROUNDS.dark.page])
  expect(declared('surface').slice(0, 2)).toEqual(['#fff', GROUNDS.dark.surface])
})
