import type { StoreContext } from '../../context'
import { addMs, MINUTE_MS } from '../../kernel/clock'
import type { CoinFacts } from '../../kernel/networks'
import { type Rate, unitsFor } from './rates'
import type { NewPayment } from './schema'
import { confirmationsOf, type Settings } from './settings'

/** What a payment is made of: what was asked for, and the price of the coin at that moment. */
export type Opening = {
  id: string
  input: NewPayment
  coin: CoinFacts
  rate: Rate
  order?: OrderToPay
  /** The store whose prepaid balance it tops up; null for a sale. */
  topsUp: bigint | null
}

/**
 * An order of the checkout page. `hold` takes its row for the payment's transaction, and throws where the order can't be paid so any
 * more.
 */
export type OrderToPay = { id: string; hold(tx: StoreContext): Promise<void> }

/** A fifth of a top-up may be missing, as after an exchange's fee: what comes is credited, so that nobody owes anything. */
const TOPUP_TOLERANCE_BASIS_POINTS = 2_000

/** What a payment asks for, by its store's settings. */
export function termsOf(ctx: StoreContext, { id, input, coin, rate, order, topsUp }: Opening, settings: Settings) {
  const { network, currency, amount_usd_cents: usdCents } = input
  const at = ctx.clock.now()
  const expiresAt = addMs(at, settings.expiryMinutes * MINUTE_MS)
  const expectedUnits = unitsFor(BigInt(usdCents), rate.rateE8, coin)
  const share = (basisPoints: number) => (expectedUnits * BigInt(basisPoints)) / 10_000n
  return {
    id,
    network,
    coin: currency,
    amountUsdCents: BigInt(usdCents),
    expectedUnits,
    toleranceUnits: share(topsUp === null ? settings.underpaymentBasisPoints : TOPUP_TOLERANCE_BASIS_POINTS),
    overpaymentUnits: share(settings.overpaymentBasisPoints),
    rateE8: rate.rateE8,
    rateSource: rate.source,
    rateAt: rate.at,
    requiredConfirmations: confirmationsOf(settings, network),
    orderId: order?.id ?? null,
    orderUse: order ? ('awaited' as const) : null,
    externalOrderId: input.external_order_id || null,
    customerEmail: input.customer_email ?? null,
    redirectUrl: input.redirect_url ?? null,
    metadata: input.metadata ?? {},
    topsUp,
    createdAt: at,
    expiresAt,
    graceEndsAt: addMs(expiresAt, settings.graceMinutes * MINUTE_MS),
    dueAt: expiresAt,
  }
}
