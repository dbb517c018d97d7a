import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getRevenue } from '../../server/domain/revenue/service'
import { createStripeWorld, openStripeShop, runJobs, type StripeWorld } from '../support/stripe/shop'

/*
 * Stripe's own client for the terminal plays Stripe's own sequences of calls against the stand-in, which checks them as strictly as ours.
 * What comes of it is told to the server: events of things that are not ours, as on an account that other programs use too.
 */

let world: StripeWorld
let home: string
beforeAll(async () => {
  world = await createStripeWorld()
  home = mkdtempSync(join(tmpdir(), 'payhook-stripe-cli-'))
})
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  await world.close()
})

/** Of Stripe's packages only the one for Linux on x64 is among the dependencies; whoever has that of their platform installed uses it. */
function findStripe(): string | undefined {
  try {
    const name = `@stripe/cli-${process.platform}-${process.arch}/package.json`
    return join(dirname(fileURLToPath(import.meta.resolve(name))), 'bin', 'stripe')
  } catch {
    return undefined
  }
}

const stripe = findStripe()

async function trigger(event: string): Promise<string> {
  const args = ['trigger', event, '--api-base', world.stripe.url, '--api-key', world.stripe.secretKey]
  const env = { HOME: home, PATH: process.env.PATH, STRIPE_CLI_TELEMETRY_OPTOUT: '1' }
  const child = spawn(stripe ?? '', args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  return code === 0 ? 'ok' : said
}

const title = stripe
  ? 'stripe trigger'
  : `stripe trigger (skipped: no client of Stripe is installed for ${process.platform} on ${process.arch})`

describe.skipIf(!stripe)(title, () => {
  test.each([
    ['checkout.session.completed', ['payment_intent.succeeded', 'checkout.session.completed']],
    ['checkout.session.expired', ['checkout.session.expired']],
    [
      'checkout.session.async_payment_succeeded',
      ['checkout.session.completed', 'checkout.session.async_payment_succeeded'],
    ],
    ['checkout.session.async_payment_failed', ['checkout.session.completed', 'checkout.session.async_payment_failed']],
    ['charge.refunded', ['charge.succeeded', 'refund.created', 'charge.refunded']],
    ['charge.refund.updated', ['charge.refunded', 'refund.updated']],
    ['charge.dispute.created', ['charge.succeeded', 'charge.dispute.created']],
    ['charge.dispute.updated', ['charge.dispute.created', 'charge.dispute.updated']],
    ['charge.dispute.closed', ['charge.dispute.created', 'charge.dispute.closed']],
  ])('%s: the stand-in does and tells what Stripe would, and the server takes it', async (event, told) => {
    const shop = await openStripeShop(world)
    const [before, sent] = [world.stripe.webhooks.all.length, world.stripe.webhooks.log.length]
    expect(await trigger(event)).toBe('ok')
    const types = world.stripe.webhooks.all.slice(before).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(told))
    expect(types.filter((type) => told.includes(type))).toEqual(told)
    await world.stripe.webhooks.drain()
    expect(world.stripe.webhooks.log.slice(sent).map(({ status }) => status)).toEqual(types.map(() => 200))
    await runJobs(shop.deps)
    expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
    expect((await getRevenue(shop.ctx, '7d')).period_sales).toBe(0)
  })
})
