import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { addAddresses } from '../../../server/domain/addresses/service'
import type { NewPayment, NewSimulation } from '../../../server/domain/crypto/schema'
import { createPayment, getPayment } from '../../../server/domain/crypto/service'
import { getSettings, toSettings, updateSettings } from '../../../server/domain/crypto/settings'
import { simulate } from '../../../server/domain/crypto/simulation'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { evmAddress } from '../../support/crypto'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

async function openPool() {
  const opened = await world.openStore()
  const ctx = storeContext(world.deps, opened.store.storeId, true)
  await addAddresses(ctx, { network: 'bsc', addresses: [1, 2, 3].map((n) => ({ address: evmAddress(n) })) })
  return { ctx, opened }
}

const pay = (ctx: StoreContext, extra: Partial<NewPayment> = {}) =>
  createPayment(ctx, { amount_usd_cents: 10_000, network: 'bsc', currency: 'usdt', ...extra })

const play = (ctx: StoreContext, number: string, action: NewSimulation['action'], amount?: string) =>
  simulate(ctx, { payment_number: number, action, amount })

const DEFAULTS = {
  expiry_minutes: 30,
  grace_minutes: 60,
  underpayment_tolerance_basis_points: 0,
  overpayment_tolerance_basis_points: 0,
  confirmations: { bsc: 15, tron: 20, ethereum: 12 },
}

test('document B’s values hold until others are set, and only what is sent changes', async () => {
  const { ctx } = await openPool()
  expect(toSettings(ctx, await getSettings(ctx))).toEqual({ ...DEFAULTS, is_test: true })
  await updateSettings(ctx, { expiry_minutes: 45 })
  await updateSettings(ctx, { confirmations: { tron: 40 } })
  const changed = { ...DEFAULTS, expiry_minutes: 45, confirmations: { bsc: 15, tron: 40, ethereum: 12 } }
  expect(toSettings(ctx, await updateSettings(ctx, {}))).toEqual({ ...changed, is_test: true })
  const live = { ...ctx, isTest: false }
  expect(toSettings(live, await getSettings(live))).toEqual({ ...DEFAULTS, is_test: false })
})

test('changes that come at once lose none of each other', async () => {
  const { ctx } = await openPool()
  await Promise.all([
    updateSettings(ctx, { expiry_minutes: 10 }),
    updateSettings(ctx, { grace_minutes: 0 }),
    updateSettings(ctx, { underpayment_tolerance_basis_points: 50 }),
    updateSettings(ctx, { confirmations: { bsc: 3 } }),
  ])
  expect(await getSettings(ctx)).toMatchObject({
    expiryMinutes: 10,
    graceMinutes: 0,
    underpaymentBasisPoints: 50,
    bscConfirmations: 3,
  })
})

test('new payments have them, and those that were there keep their own', async () => {
  const { ctx } = await openPool()
  const before = await pay(ctx)
  await updateSettings(ctx, {
    expiry_minutes: 5,
    grace_minutes: 10,
    underpayment_tolerance_basis_points: 100,
    overpayment_tolerance_basis_points: 200,
    confirmations: { bsc: 30 },
  })
  const after = await pay(ctx)
  const minutes = (from: Date, to: Date) => (to.getTime() - from.getTime()) / MINUTE_MS
  expect(minutes(after.createdAt, after.expiresAt)).toBe(5)
  expect(minutes(after.expiresAt, after.graceEndsAt)).toBe(10)
  expect(after).toMatchObject({
    requiredConfirmations: 30,
    toleranceUnits: 10n ** 18n,
    overpaymentUnits: 2n * 10n ** 18n,
  })
  expect(await getPayment(ctx, before.number)).toEqual(before)
  expect(before.requiredConfirmations).toBe(15)
})

test('what is within the tolerance is whole, and a unit less is short', async () => {
  const { ctx } = await openPool()
  await updateSettings(ctx, { underpayment_tolerance_basis_points: 100 })
  const enough = await pay(ctx)
  await play(ctx, enough.number, 'detect', '99')
  expect(await play(ctx, enough.number, 'confirm')).toMatchObject({ status: 'confirmed' })
  const short = await pay(ctx)
  await play(ctx, short.number, 'detect', '98.999999999999999999')
  expect(await getPayment(ctx, short.number)).toMatchObject({ status: 'pending', dueHeight: null })
})

test('fewer confirmations than usual count as soon as the chain calls the block final', async () => {
  const { ctx } = await openPool()
  await updateSettings(ctx, { confirmations: { bsc: 1 } })
  const { number } = await pay(ctx)
  expect(await play(ctx, number, 'detect')).toMatchObject({ status: 'pending' })
  expect(await play(ctx, number, 'confirm')).toMatchObject({ status: 'confirmed' })
  await updateSettings(ctx, { confirmations: { bsc: 40 } })
  const slow = await pay(ctx)
  expect(await play(ctx, slow.number, 'confirm')).toMatchObject({ status: 'confirmed' })
})

test.each([
  [{ expiry_minutes: 4 }, 'expiry_minutes'],
  [{ expiry_minutes: 1_441 }, 'expiry_minutes'],
  [{ grace_minutes: -1 }, 'grace_minutes'],
  [{ underpayment_tolerance_basis_points: 1_001 }, 'underpayment_tolerance_basis_points'],
  [{ overpayment_tolerance_basis_points: 0.5 }, 'overpayment_tolerance_basis_points'],
  [{ confirmations: { bsc: 0 } }, 'confirmations.bsc'],
  [{ confirmations: { solana: 1 } }, 'confirmations'],
  [{ expiry: 5 }, 'expiry'],
])('%j is refused by the name of the field', async (body, field) => {
  const { opened } = await openPool()
  const answer = await fetch(`${world.url}/v1/payment_settings`, {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${opened.testKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(400)
  expect(JSON.stringify(await answer.json())).toContain(field)
})

test('more than asked for is announced only above its tolerance', async () => {
  const { ctx, opened } = await openPool()
  await updateSettings(ctx, { overpayment_tolerance_basis_points: 100 })
  const within = await pay(ctx)
  await play(ctx, within.number, 'detect', '101')
  await play(ctx, within.number, 'confirm')
  const above = await pay(ctx)
  await play(ctx, above.number, 'detect', '101.000001')
  await play(ctx, above.number, 'confirm')
  const answer = await fetch(`${world.url}/v1/events?type=payment.overpaid`, {
    headers: { Authorization: `Bearer ${opened.testKey}` },
  })
  const { events } = (await answer.json()) as { events: { data: { payment_id: string } }[] }
  expect(events.map(({ data }) => data.payment_id)).toEqual([above.number])
})
