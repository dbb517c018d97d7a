import type { StoreContext } from '../../context'
import type { StoreConnection } from './schema'
import type { ConnectionRow } from './table'

/** As a store sees its connection, where this mode has one. */
export function toConnection(
  { isTest }: Pick<StoreContext, 'isTest'>,
  row: ConnectionRow | undefined,
): StoreConnection {
  return {
    status: row?.status ?? 'not_connected',
    account_id: row?.account ?? null,
    can_sell: row?.status === 'active',
    payouts_enabled: row?.isPayable ?? false,
    requirements: row?.requirements ?? [],
    requirements_due_by: row?.dueBy?.toISOString() ?? null,
    disabled_reason: row?.disabledReason ?? null,
    next_step: nextStep(row),
    is_test: isTest,
    updated_at: row?.updatedAt.toISOString() ?? null,
  }
}

/** Of a mode whose cards are no platform's. */
export function toUnneeded({ isTest, gateways }: StoreContext): StoreConnection {
  const canSell = isTest || gateways.live !== null
  return {
    ...toConnection({ isTest }, undefined),
    status: 'not_needed',
    can_sell: canSell,
    next_step: canSell ? null : 'The operator of this server has to configure a card gateway first.',
  }
}

/** Whether the gateway's own page has something to ask. */
export function hasQuestions({ status, requirements }: Pick<ConnectionRow, 'status' | 'requirements'>): boolean {
  return status === 'onboarding' || requirements.length > 0
}

function nextStep(row: ConnectionRow | undefined): string | null {
  switch (row?.status) {
    case undefined:
    case 'not_connected':
      return 'Call connect_store and open its onboarding_url in a browser: Stripe asks who you are, and then you can sell.'
    case 'deauthorized':
      return 'The Stripe account is not connected any more. Call connect_store to connect one again.'
    case 'onboarding':
      return "Call connect_store, open its onboarding_url in a browser and answer Stripe's questions."
    case 'restricted':
      return restrictedStep(row)
    case 'active':
      return row.requirements.length > 0
        ? 'You can sell. Stripe wants to know more: call connect_store, open its onboarding_url in a browser and answer.'
        : null
  }
}

function restrictedStep({ requirements, disabledReason }: ConnectionRow): string {
  if (disabledReason?.startsWith('rejected')) {
    return "Stripe has refused this account. Ask Stripe's support or the operator of this server."
  }
  return requirements.length > 0
    ? 'Stripe takes no payments for you until it knows more: call connect_store, open its onboarding_url in a browser and answer.'
    : 'Stripe is looking at what you sent. There is nothing to do; the status follows by itself.'
}
