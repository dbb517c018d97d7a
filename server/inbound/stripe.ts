import type { Hono } from 'hono'
import type { Deps } from '../context'
import { keepNotice } from '../domain/notices/service'
import { AppError, toErrorBody } from '../kernel/errors'
import type { GatewayNotice, RedirectGateway } from '../ports/gateway'
import type { Env } from '../rest/adapter'

/**
 * `POST /webhooks/stripe`: what Stripe tells. Answered as soon as it is kept: what follows from it may take longer than Stripe waits.
 * Anything but a 2xx makes Stripe tell it again.
 */
export function mountStripe(app: Hono<Env>, deps: Deps): void {
  app.post('/webhooks/stripe', async (c) => {
    try {
      return c.json(await receive(deps, await c.req.text(), c.req.header('stripe-signature')))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return c.json(toErrorBody(error), error.status)
    }
  })
}

async function receive(deps: Deps, body: string, signature: string | undefined): Promise<{ received: true }> {
  const endpoints = stripeGateways(deps)
  if (endpoints.length === 0) {
    throw new AppError('unavailable', 'Stripe is not configured here. Set STRIPE_SECRET_KEY and start again.')
  }
  const { isTest, gateway, notice } = await read(endpoints, body, signature)
  const isNew = await keepNotice(deps, gateway.name, isTest, notice)
  deps.log.debug({ event: notice.id, type: notice.type, is_test: isTest, is_new: isNew }, 'Stripe told')
  return { received: true }
}

type Endpoint = { isTest: boolean; gateway: RedirectGateway }

/** Of both modes, which share the address: the signature says which one it is. */
function stripeGateways({ gateways }: Deps): Endpoint[] {
  const modes = [
    { isTest: false, gateway: gateways.live },
    { isTest: true, gateway: gateways.test },
  ]
  return modes.flatMap(({ isTest, gateway }) =>
    gateway?.kind === 'redirect' && gateway.name === 'stripe' ? [{ isTest, gateway }] : [],
  )
}

async function read(
  endpoints: readonly Endpoint[],
  body: string,
  signature: string | undefined,
): Promise<Endpoint & { notice: GatewayNotice }> {
  let refusal: unknown
  for (const endpoint of endpoints) {
    try {
      return { ...endpoint, notice: await endpoint.gateway.readNotice(body, signature) }
    } catch (error) {
      refusal = error
    }
  }
  throw refusal
}
