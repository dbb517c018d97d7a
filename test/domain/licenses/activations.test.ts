import { and, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { activateLicense, deactivateLicense } from '../../../server/domain/licenses/activations'
import { getLicense, revokeLicense } from '../../../server/domain/licenses/service'
import { licenseActivations, licenses } from '../../../server/domain/licenses/table'
import { createProduct } from '../../../server/domain/products/service'
import { MAX_ACTIVATIONS } from '../../../server/domain/products/variants-schema'
import { DAY_MS } from '../../../server/kernel/clock'
import { AppError } from '../../../server/kernel/errors'
import { newLicenseKey } from '../../../server/kernel/ids'
import { type Answer, callRest } from '../../support/calls'
import { buyLicense, sellLicensed } from '../../support/licenses'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

const PARALLEL = 50

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

/** Without a key of ours, as an app on its user's machine. */
const call = (what: 'validate' | 'activate' | 'deactivate', body: Record<string, unknown>): Promise<Answer> =>
  callRest(world.url, 'POST', `/v1/licenses/${what}`, { body })

const bought = async (terms: Parameters<typeof sellLicensed>[1] = {}) => {
  const { key, product_id } = await buyLicense(shop, await sellLicensed(shop, terms))
  return { key, product_id }
}

async function activeAt(key: string): Promise<string[]> {
  const { storeId, id } = await getLicense(shop.ctx, key)
  const rows = await shop.ctx.db
    .select()
    .from(licenseActivations)
    .where(and(eq(licenseActivations.storeId, storeId), eq(licenseActivations.licenseId, id)))
  return rows.map(({ instance }) => instance).sort()
}

test('an app in a browser, on a site of its own, may ask, and look at nothing else', async () => {
  const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' }
  const preflight = async (path: string) => {
    const { headers: said } = await fetch(world.url + path, { method: 'OPTIONS', headers })
    return said.get('access-control-allow-origin')
  }
  for (const what of ['validate', 'activate', 'deactivate']) expect(await preflight(`/v1/licenses/${what}`)).toBe('*')
  expect(await preflight('/v1/licenses')).toBeNull()
  expect(await preflight('/v1/stores')).toBeNull()
})

describe('validating', () => {
  test('tells whoever holds the key what it is good for, and nothing of its buyer', async () => {
    const license = await bought({ activation_limit: 2, duration_days: 30 })
    const answer = await call('validate', license)
    expect(answer).toMatchObject({ status: 200, body: { valid: true, reason: null } })
    expect(answer.body.license).toEqual({
      status: 'active',
      product_id: shop.product.id,
      variant_id: expect.stringMatching(/^var_/),
      activation_limit: 2,
      activations: 0,
      expires_at: new Date(world.clock.now().getTime() + 30 * DAY_MS).toISOString(),
      is_test: true,
    })
  })

  test('reads a key however it was typed', async () => {
    const { key, product_id } = await bought()
    const typed = [
      key.toLowerCase(),
      key.replaceAll('-', ''),
      ` ${key.replaceAll('-', ' ')} `,
      key.replaceAll('-', '–'),
      key.replaceAll('0', 'o').replaceAll('1', 'l'),
    ]
    for (const spelling of typed) {
      expect((await call('validate', { key: spelling, product_id })).body).toMatchObject({ valid: true })
    }
  })

  test('a key lasts until its last millisecond by our clock', async () => {
    const license = await bought({ duration_days: 1 })
    world.clock.advance(DAY_MS - 1)
    expect((await call('validate', license)).body).toMatchObject({ valid: true })
    world.clock.advance(1)
    expect((await call('validate', license)).body).toMatchObject({
      valid: false,
      reason: 'expired',
      license: { status: 'expired' },
    })
  })

  test('a revoked key says so, also when it has expired since', async () => {
    const license = await bought({ duration_days: 1 })
    await revokeLicense(shop.ctx, license.key)
    world.clock.advance(2 * DAY_MS)
    expect((await call('validate', license)).body).toMatchObject({ valid: false, reason: 'revoked' })
  })

  test('an instance counts only while it is active', async () => {
    const license = await bought()
    const at = { ...license, instance: 'laptop' }
    const verdict = async () => (await call('validate', at)).body
    expect(await verdict()).toMatchObject({ valid: false, reason: 'not_activated', license: { status: 'active' } })
    await call('activate', at)
    expect(await verdict()).toMatchObject({ valid: true, reason: null })
    await call('deactivate', at)
    expect(await verdict()).toMatchObject({ valid: false, reason: 'not_activated' })
  })

  test('a key of another product, store or mode is unknown, just as one that never was', async () => {
    const { key, product_id } = await bought()
    const other = await openShop(world)
    const foreign = (await buyLicense(other, await sellLicensed(other))).key
    const live = await createProduct(
      { ...shop.ctx, isTest: false },
      { name: 'Kit', price_cents: 1_900, currency: 'usd', status: 'active' },
    )
    const asked = [
      { key, product_id: (await shop.sell(700)).id },
      { key, product_id: live.id },
      { key, product_id: other.product.id },
      { key: foreign, product_id },
      { key: newLicenseKey(), product_id },
      { key: 'my key', product_id },
      { key: '', product_id },
      { key, product_id: 'my product' },
    ]
    const answers = await Promise.all(asked.map((body) => call('validate', body)))
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([200, { valid: false, reason: 'unknown', license: null }])
    }
    const refused = await Promise.all(asked.map((body) => call('activate', { ...body, instance: 'laptop' })))
    for (const { status, body } of refused) {
      expect([status, body.code, body.field]).toEqual([404, 'license_not_found', 'key'])
      expect(body).toEqual(refused[0]?.body)
    }
    expect(await activeAt(key)).toEqual([])
  })
})

describe('activating', () => {
  test('takes a place up to the limit, and says what to do beyond it', async () => {
    const license = await bought({ activation_limit: 2 })
    for (const instance of ['a', 'b']) {
      expect(await call('activate', { ...license, instance })).toMatchObject({ status: 200, body: { instance } })
    }
    const refused = await call('activate', { ...license, instance: 'c' })
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'activation_limit_reached', field: 'instance', hint: 'Deactivate another instance first.' },
    })
    expect((await call('deactivate', { ...license, instance: 'a' })).body).toMatchObject({
      deactivated: true,
      license: { activations: 1 },
    })
    expect((await call('activate', { ...license, instance: 'c' })).body).toMatchObject({ license: { activations: 2 } })
    expect(await activeAt(license.key)).toEqual(['b', 'c'])
  })

  test('a key without a limit has one all the same, so that nobody fills the table', async () => {
    const license = await bought()
    const held = { activations: MAX_ACTIVATIONS - 1 }
    await world.deps.db.update(licenses).set(held).where(eq(licenses.key, license.key))
    expect(await call('activate', { ...license, instance: 'last' })).toMatchObject({ status: 200 })
    expect(await call('activate', { ...license, instance: 'one too many' })).toMatchObject({
      status: 409,
      body: { code: 'activation_limit_reached', error: expect.stringContaining('10000 of 10000') },
    })
  })

  test('an instance that is active stays so, with its first time, at the limit too', async () => {
    const license = { ...(await bought({ activation_limit: 1 })), instance: 'laptop' }
    const first = await call('activate', license)
    world.clock.advance(DAY_MS)
    expect((await call('activate', license)).body).toEqual(first.body)
  })

  test('deactivating what is not active changes nothing', async () => {
    const license = await bought()
    await call('activate', { ...license, instance: 'a' })
    expect((await call('deactivate', { ...license, instance: 'b' })).body).toMatchObject({
      deactivated: false,
      license: { activations: 1 },
    })
  })

  test.each([
    ['license_revoked', (key: string) => revokeLicense(shop.ctx, key).then(() => undefined)],
    ['license_expired', async () => world.clock.advance(DAY_MS)],
  ])('%s is the answer for such a key, at an active instance too; its places can be given back', async (code, end) => {
    const license = await bought({ duration_days: 1 })
    await call('activate', { ...license, instance: 'a' })
    await end(license.key)
    for (const instance of ['a', 'b']) {
      expect(await call('activate', { ...license, instance })).toMatchObject({ status: 409, body: { code } })
    }
    expect((await call('deactivate', { ...license, instance: 'a' })).body).toMatchObject({ deactivated: true })
  })

  test.each([
    ['instance', { instance: '  ' }],
    ['instance', { instance: 'x'.repeat(201) }],
    ['instance', {}],
    ['key', { key: 7, instance: 'a' }],
    ['product_id', { product_id: undefined, instance: 'a' }],
  ])('names the field at fault: %s', async (field, input) => {
    const license = { key: newLicenseKey(), product_id: shop.product.id }
    expect(await call('activate', { ...license, ...input })).toMatchObject({ status: 400, body: { field } })
  })

  test(`${PARALLEL} instances at once fill the limit exactly`, async () => {
    const license = await bought({ activation_limit: 7 })
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, (_, index) => call('activate', { ...license, instance: `machine ${index}` })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(7)
    expect(answers.filter(({ body }) => body.code === 'activation_limit_reached')).toHaveLength(PARALLEL - 7)
    expect(await activeAt(license.key)).toHaveLength(7)
    expect(await getLicense(shop.ctx, license.key)).toMatchObject({ activations: 7 })
  })

  test(`one instance activated ${PARALLEL} times at once takes one place`, async () => {
    const license = { ...(await bought({ activation_limit: 1 })), instance: 'laptop' }
    const answers = await Promise.all(Array.from({ length: PARALLEL }, () => call('activate', license)))
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
    expect(await activeAt(license.key)).toEqual(['laptop'])
  })

  test('of a revocation and activations at once, none comes after it', async () => {
    const license = await bought()
    const answers = await Promise.all([
      ...Array.from({ length: 10 }, (_, index) => call('activate', { ...license, instance: `${index}` })),
      revokeLicense(shop.ctx, license.key).then(() => undefined),
      ...Array.from({ length: 10 }, (_, index) => call('activate', { ...license, instance: `${index + 10}` })),
    ])
    const taken = answers.filter((answer) => answer?.status === 200).length
    expect(await activeAt(license.key)).toHaveLength(taken)
    expect((await call('activate', { ...license, instance: 'late' })).body).toMatchObject({ code: 'license_revoked' })
  })
})

test('however activations and deactivations mix, the count is what is active and never above the limit', async () => {
  const act = fc.record({ step: fc.constantFrom('activate', 'deactivate'), instance: fc.constantFrom(...'abcdefgh') })
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.array(act, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
    async (limit, rounds) => {
      const license = await bought({ activation_limit: limit })
      for (const round of rounds) {
        const before = await activeAt(license.key)
        const results = await Promise.all(
          round.map(async ({ step, instance }) => {
            const change = step === 'activate' ? activateLicense : deactivateLicense
            const result = await change(world.deps, { ...license, instance }).catch((error) => error)
            if (result instanceof AppError) return expect(result.code).toBe('activation_limit_reached')
            expect(result.license.activations).toBeLessThanOrEqual(limit)
            return step === 'activate' ? 0 : result.wasActive ? 1 : 0
          }),
        )
        const after = await activeAt(license.key)
        expect(after.length).toBeLessThanOrEqual(limit)
        expect((await getLicense(shop.ctx, license.key)).activations).toBe(after.length)
        // Nobody is active who wasn't before and didn't ask; nobody is gone whom nobody took away.
        const asked = round.filter(({ step }) => step === 'activate').map(({ instance }) => instance)
        expect([...before, ...asked]).toEqual(expect.arrayContaining(after))
        if (results.every((count) => count === 0)) expect(after).toEqual(expect.arrayContaining(before))
      }
    },
  )
  await fc.assert(property, { numRuns: 25, seed: 20_261_121, endOnFailure: true })
})
