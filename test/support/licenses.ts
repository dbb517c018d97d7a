import type { OrderRow } from '../../server/domain/orders/table'
import { createOrder } from '../../server/domain/payments/creation'
import type { ProductRow, VariantRow } from '../../server/domain/products/table'
import { createVariant } from '../../server/domain/products/variants'
import { formatRowId } from '../../server/kernel/ids'
import type { Shop } from './shop'

type Terms = { activation_limit?: number | null; duration_days?: number | null }

/** A variant for $49.00 whose payments issue keys. */
export function sellLicensed(shop: Shop, terms: Terms | null = {}, product: ProductRow = shop.product) {
  const license = terms && { activation_limit: null, duration_days: null, ...terms }
  return createVariant(shop.ctx, {
    product_id: product.id,
    name: 'Team',
    price_cents: 4_900,
    status: 'active',
    license,
  })
}

/** An open order of a variant. */
export function orderVariant(shop: Shop, variant: VariantRow): Promise<OrderRow> {
  return createOrder(shop.ctx, { variant_id: formatRowId('var', variant.id), metadata: {} })
}

/** A paid order, and the key that it issued. */
export async function buyLicense(shop: Shop, variant: VariantRow) {
  const { sessionId } = await orderVariant(shop, variant)
  const { order } = (await shop.pay(sessionId)).checkout
  if (!order.license) throw new Error('no licence was issued')
  return { order, key: order.license.key, product_id: variant.productId }
}
