import type { StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import type { CardGateway, Gateway } from '../../ports/gateway'

/** The gateway of the context's mode, or null in live mode while none is configured. */
export function gatewayOf({ isTest, gateways }: StoreContext): Gateway | null {
  return isTest ? gateways.test : gateways.live
}

/** What takes a card here: the mode's gateway, or in test mode the one to rehearse with. */
export function cardGatewayOf(ctx: StoreContext): CardGateway | null {
  const gateway = gatewayOf(ctx)
  if (gateway?.kind === 'card') return gateway
  return (ctx.isTest && ctx.gateways.rehearsal) || null
}

/** The gateway that an attempt was made with, which alone knows of it. Throws gateway_not_configured. */
export function gatewayNamed(ctx: StoreContext, name: string): Gateway {
  const found = [gatewayOf(ctx), cardGatewayOf(ctx)].find((gateway) => gateway?.name === name)
  if (found) return found
  throw new AppError('gateway_not_configured', `The card gateway ${name} is not configured.`, {
    hint: 'The order was paid through it, so that only it can pay back. The operator has to configure it again.',
  })
}
