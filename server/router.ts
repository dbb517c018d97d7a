import { addressesRouter } from './domain/addresses/router'
import { billingRouter } from './domain/billing/router'
import { chainsRouter } from './domain/chains/router'
import { connectionsRouter } from './domain/connections/router'
import { couponsRouter } from './domain/coupons/router'
import { paymentsRouter } from './domain/crypto/router'
import { disputesRouter } from './domain/disputes/router'
import { keysRouter } from './domain/keys/router'
import { ledgerRouter } from './domain/ledger/router'
import { licensesRouter } from './domain/licenses/router'
import { ordersRouter } from './domain/orders/router'
import { productsRouter } from './domain/products/router'
import { variantsRouter } from './domain/products/variants-router'
import { emailsRouter } from './domain/receipts/router'
import { revenueRouter, statsRouter } from './domain/revenue/router'
import { storesRouter } from './domain/stores/router'
import { eventsRouter } from './domain/webhooks/events-router'
import { webhooksRouter } from './domain/webhooks/router'
import { router } from './trpc'

/** Every procedure there is. The doors are made from this. */
export const appRouter = router({
  stores: storesRouter,
  connections: connectionsRouter,
  keys: keysRouter,
  products: productsRouter,
  variants: variantsRouter,
  orders: ordersRouter,
  emails: emailsRouter,
  disputes: disputesRouter,
  payments: paymentsRouter,
  addresses: addressesRouter,
  chains: chainsRouter,
  billing: billingRouter,
  coupons: couponsRouter,
  licenses: licensesRouter,
  webhooks: webhooksRouter,
  events: eventsRouter,
  revenue: revenueRouter,
  ledger: ledgerRouter,
  stats: statsRouter,
})

/** For TypeScript clients: `createTRPCClient<AppRouter>(…)`. */
export type AppRouter = typeof appRouter
