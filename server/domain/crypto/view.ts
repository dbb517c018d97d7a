import type * as z from 'zod'
import type { StoreContext } from '../../context'
import { toWireMinor } from '../../kernel/money'
import { formatUnits, knownCoin } from '../../kernel/networks'
import { headsOf } from '../chains/chain'
import { confirmationsAt } from './judgement'
import type { Payment } from './schema'
import type { CryptoPaymentRow } from './table'

/** `USDT`, `BNB`. */
export function symbolOf({ network, coin }: Pick<CryptoPaymentRow, 'network' | 'coin'>): string {
  return knownCoin(network, coin).symbol
}

/** As callers see a payment. `head` is the newest block of its network, from which its confirmations are counted. */
export function toPayment(ctx: StoreContext, row: CryptoPaymentRow, head: bigint | undefined): z.infer<typeof Payment> {
  const coin = knownCoin(row.network, row.coin)
  return {
    payment_number: row.number,
    status: row.status,
    network: row.network,
    currency: row.coin,
    amount_usd_cents: toWireMinor(row.amountUsdCents),
    expected_crypto_amount: formatUnits(row.expectedUnits, coin),
    actual_crypto_amount: row.creditedUnits === null ? null : formatUnits(row.creditedUnits, coin),
    late_crypto_amount: row.lateUnits === 0n ? null : formatUnits(row.lateUnits, coin),
    assigned_address: row.address,
    tx_hash: row.txHash ?? '',
    confirmations: confirmationsAt(row.height, head),
    required_confirmations: row.requiredConfirmations,
    order_id: row.orderId,
    is_surplus: row.orderUse === 'surplus',
    external_order_id: row.externalOrderId ?? '',
    customer_email: row.customerEmail ?? '',
    redirect_url: row.redirectUrl ?? '',
    metadata: row.metadata,
    rate: formatRate(row.rateE8),
    rate_source: row.rateSource,
    rate_at: row.rateAt.toISOString(),
    payment_token: row.token,
    checkout_url: `${ctx.publicUrl}/pay/${row.token}`,
    expires_at: row.expiresAt.toISOString(),
    confirmed_at: row.confirmedAt?.toISOString() ?? null,
    is_test: row.isTest,
    created_at: row.createdAt.toISOString(),
  }
}

export async function toPayments(ctx: StoreContext, rows: readonly CryptoPaymentRow[]) {
  const heads = await headsOf(
    ctx,
    rows.map(({ network }) => network),
  )
  return rows.map((row) => toPayment(ctx, row, heads.get(row.network)))
}

export async function toOnePayment(ctx: StoreContext, row: CryptoPaymentRow) {
  const heads = row.height === null ? undefined : await headsOf(ctx, [row.network])
  return toPayment(ctx, row, heads?.get(row.network))
}

/** Dollars of one coin, without needless zeros behind the cents. */
function formatRate(rateE8: bigint): string {
  return formatUnits(rateE8, { decimals: 8, shownDecimals: 2 })
}
