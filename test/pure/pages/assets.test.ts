import { expect, test } from 'vitest'
import { createAssets } from '../../../server/pages/assets'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

test('the script of the checkout is at most 15 kB and its styles 8 kB, gzipped', async () => {
  const { script, styles } = await createAssets(quiet)()
  expect(script?.gzipped.length).toBeGreaterThan(500)
  expect(script?.gzipped.length).toBeLessThanOrEqual(15_000)
  for (const style of Object.values(styles)) expect(style.gzipped.length).toBeLessThanOrEqual(8_000)
})

test('the same sources have the same names, so that browsers may keep them for ever', async () => {
  const [one, two] = await Promise.all([createAssets(quiet)(), createAssets(quiet)()])
  expect(one.script?.name).toBe(two.script?.name)
  expect(one.styles.dark.name).toMatch(/^[0-9a-f]{16}\.css$/)
})

test('what shops load from us is under 6 kB gzipped, and differs in nothing but its name', async () => {
  const { browserScripts } = await createAssets(quiet)()
  const [payhook, pebblepay] = ['payhook.js', 'pebblepay.js'].map((name) => browserScripts.get(name))
  expect(payhook?.gzipped.length).toBeGreaterThan(500)
  expect(payhook?.gzipped.length).toBeLessThan(6_000)
  const text = new TextDecoder().decode(payhook?.bytes)
  expect(new TextDecoder().decode(pebblepay?.bytes)).toContain('data-pebblepay')
  expect(text).toContain('data-payhook')
  // A classic script that leaves no name behind.
  expect(text).toMatch(/^\(\(\)=>\{/)
})
