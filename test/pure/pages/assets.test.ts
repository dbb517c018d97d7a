import { expect, test } from 'vitest'
import { createAssets } from '../../../server/pages/assets'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

test('the script of the checkout is at most 15 kB and its styles 8 kB, gzipped', async () => {
  const { script, style } = await createAssets(quiet)()
  expect(script?.gzipped.length).toBeGreaterThan(500)
  expect(script?.gzipped.length).toBeLessThanOrEqual(15_000)
  expect(style.gzipped.length).toBeLessThanOrEqual(8_000)
})

test('the same sources have the same names, so that browsers may keep them for ever', async () => {
  const [one, two] = await Promise.all([createAssets(quiet)(), createAssets(quiet)()])
  expect(one.script?.name).toBe(two.script?.name)
  expect(one.style.name).toMatch(/^[0-9a-f]{16}\.css$/)
})
