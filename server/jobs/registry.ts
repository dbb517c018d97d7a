import { billDue } from '../domain/billing/periods'
import { checkNetworks } from '../domain/chains/refusals'
import { watchNetwork } from '../domain/chains/watch'
import { checkConnections } from '../domain/connections/checks'
import { growSimulatedChains } from '../domain/crypto/simulation'
import { pruneKeys } from '../domain/idempotency/service'
import { foldLedger } from '../domain/ledger/roller'
import { createMissedNotices } from '../domain/notices/missed'
import { pruneNotices } from '../domain/notices/retention'
import { followNotices } from '../domain/notices/service'
import { settleCryptoOrders } from '../domain/payments/crypto-orders'
import { expireSessions } from '../domain/payments/expiry'
import { reconcileAttempts, reconcileFees } from '../domain/payments/reconciliation'
import { recoverAttempts, recoverRefunds } from '../domain/payments/recovery'
import { closeStrandedPages, settleShares } from '../domain/payments/shares'
import { pruneEmails } from '../domain/receipts/retention'
import { sendDueEmails } from '../domain/receipts/sending'
import { foldTails } from '../domain/revenue/roller'
import { deliverDue, POLL_MS } from '../domain/webhooks/deliver'
import { createQueueSampler } from '../domain/webhooks/queue-metrics'
import { pruneWebhooks } from '../domain/webhooks/retention'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../kernel/clock'
import { NETWORKS } from '../kernel/networks'
import type { Job } from './worker'

/** All background work. A domain adds its line here. */
export const jobs: readonly Job[] = [
  {
    name: 'key_usage',
    role: 'api',
    everyMs: MINUTE_MS / 2,
    run: async (deps) => {
      await deps.keyUsage.flush(deps.db)
      return false
    },
  },
  {
    name: 'idempotency_retention',
    role: 'jobs',
    everyMs: HOUR_MS,
    run: pruneKeys,
  },
  { name: 'payment_recovery', role: 'jobs', everyMs: MINUTE_MS / 4, run: recoverAttempts },
  { name: 'payment_reconciliation', role: 'jobs', everyMs: MINUTE_MS / 4, run: reconcileAttempts },
  { name: 'gateway_fees', role: 'jobs', everyMs: 5 * MINUTE_MS, run: reconcileFees },
  { name: 'gateway_notices', role: 'jobs', everyMs: MINUTE_MS / 4, run: followNotices },
  { name: 'missed_notices', role: 'jobs', everyMs: 10 * MINUTE_MS, run: createMissedNotices() },
  { name: 'notice_retention', role: 'jobs', everyMs: HOUR_MS, run: pruneNotices },
  { name: 'refund_recovery', role: 'jobs', everyMs: MINUTE_MS / 4, run: recoverRefunds },
  { name: 'stranded_pages', role: 'jobs', everyMs: MINUTE_MS / 4, run: closeStrandedPages },
  { name: 'shares', role: 'jobs', everyMs: MINUTE_MS / 4, run: settleShares },
  { name: 'connection_checks', role: 'jobs', everyMs: MINUTE_MS, run: checkConnections },
  { name: 'session_expiry', role: 'jobs', everyMs: MINUTE_MS / 4, run: expireSessions },
  { name: 'simulated_chains', role: 'jobs', everyMs: 5 * SECOND_MS, run: growSimulatedChains },
  { name: 'chain_check', role: 'api', everyMs: MINUTE_MS / 2, run: checkNetworks },
  // Each runs for as long as its process has the watch; the rest between two runs is how soon another process takes over.
  ...NETWORKS.map(
    (network): Job => ({
      name: `watch_${network}`,
      role: 'chain',
      everyMs: SECOND_MS,
      run: (deps, turn) => watchNetwork(deps, network, turn),
    }),
  ),
  // Beside the watcher, which wakes it.
  { name: 'crypto_orders', role: 'chain', everyMs: 2 * SECOND_MS, run: settleCryptoOrders },
  { name: 'billing', role: 'jobs', everyMs: MINUTE_MS / 2, run: billDue },
  { name: 'mail', role: 'jobs', everyMs: MINUTE_MS / 4, run: sendDueEmails },
  { name: 'mail_retention', role: 'jobs', everyMs: HOUR_MS, run: pruneEmails },
  { name: 'webhooks', role: 'webhooks', everyMs: POLL_MS, run: deliverDue },
  { name: 'webhook_queue_metrics', role: 'webhooks', everyMs: MINUTE_MS / 4, run: createQueueSampler() },
  { name: 'webhook_retention', role: 'jobs', everyMs: HOUR_MS, run: pruneWebhooks },
  // Woken by every sale, so that they rest at least half a second: folding many at once is what makes it cheap.
  { name: 'revenue', role: 'jobs', everyMs: 2 * SECOND_MS, leastRestMs: SECOND_MS / 2, run: foldTails },
  { name: 'ledger', role: 'jobs', everyMs: 2 * SECOND_MS, leastRestMs: SECOND_MS / 2, run: foldLedger },
]
