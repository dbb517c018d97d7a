import type Stripe from 'stripe'
import { addMs, type Clock, HOUR_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import type { ConnectedAccount, NewAccount, OnboardingLink, OnboardingRequest, Platform } from '../../ports/platform'
import { isDisconnected, isRefusal, onceMoreIfBusy } from './client'
import { METADATA } from './outcomes'
import { settleShare } from './shares'

/*
 * Stripe Connect (docs.stripe.com/connect/destination-charges). A store's account has the Express dashboard; Stripe asks the seller what
 * it must know; the operator pays Stripe's fees and answers for what an account owes, as Stripe wants it with destination charges.
 */

export function createStripePlatform(stripe: Stripe, clock: Clock): Platform {
  return {
    openAccount: (request) => openAccount(stripe, clock, request),
    onboardingLink: (request) => onboardingLink(stripe, request),
    findAccount: (account) => findAccount(stripe, account),
    settleShare: (request) => settleShare(stripe, request),
  }
}

/** Stripe forgets idempotency keys after a day. */
const KEY_LIFETIME_MS = 20 * HOUR_MS

async function openAccount(stripe: Stripe, clock: Clock, request: NewAccount): Promise<string> {
  const { key, askedAt } = request
  const isForgotten = addMs(askedAt, KEY_LIFETIME_MS) < clock.now()
  const earlier = isForgotten ? await accountOf(stripe, request) : undefined
  if (earlier !== undefined) return earlier
  try {
    const options = { idempotencyKey: `account ${key}` }
    return (await onceMoreIfBusy(() => stripe.accounts.create(accountParameters(request), options))).id
  } catch (error) {
    if (isRefusal(error)) throw refusedAccount(error)
    throw error
  }
}

async function accountOf(stripe: Stripe, { key, askedAt }: NewAccount): Promise<string | undefined> {
  const since = Math.floor(askedAt.getTime() / 1_000)
  for await (const { id, metadata } of stripe.accounts.list({ created: { gte: since }, limit: 100 })) {
    if (metadata?.[METADATA.connection] === key) return id
  }
  return undefined
}

function accountParameters({ key, store, name, email, country }: NewAccount): Stripe.AccountCreateParams {
  return {
    controller: {
      fees: { payer: 'application' },
      losses: { payments: 'application' },
      stripe_dashboard: { type: 'express' },
    },
    capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
    business_profile: { name },
    email,
    ...(country === null ? {} : { country }),
    metadata: { [METADATA.connection]: key, [METADATA.store]: store },
  }
}

function refusedAccount(error: unknown): AppError {
  const { message, param } = error as InstanceType<typeof Stripe.errors.StripeInvalidRequestError>
  if (param === 'country') {
    return new AppError('invalid_request', `country: Stripe opens no account there. ${message}`, {
      field: 'country',
      hint: "Send the country of your business as two letters, such as DE, or leave it out for the operator's own.",
      cause: error,
    })
  }
  return new AppError('gateway_failed', `Stripe opened no account: ${message}`, {
    hint: 'The operator of this server has to set Connect up in the Stripe dashboard first.',
    cause: error,
  })
}

async function onboardingLink(
  stripe: Stripe,
  { account, returnUrl, refreshUrl }: OnboardingRequest,
): Promise<OnboardingLink> {
  const { url, expires_at: expiresAt } = await onceMoreIfBusy(() =>
    stripe.accountLinks.create({
      ...{ account, type: 'account_onboarding', return_url: returnUrl, refresh_url: refreshUrl },
      // Asked for at once, so that a store doesn't stop selling some weeks later.
      collection_options: { fields: 'eventually_due' },
    }),
  )
  return { url, expiresAt: new Date(expiresAt * 1_000) }
}

async function findAccount(stripe: Stripe, account: string): Promise<ConnectedAccount | null> {
  try {
    return connectedAccount(await onceMoreIfBusy(() => stripe.accounts.retrieve(account)))
  } catch (error) {
    if (isDisconnected(error)) return null
    throw error
  }
}

function connectedAccount(account: Stripe.Account): ConnectedAccount {
  const { details_submitted, charges_enabled, payouts_enabled, capabilities, requirements } = account
  const dueBy = requirements?.current_deadline ?? null
  return {
    isSubmitted: details_submitted,
    isChargeable: charges_enabled && capabilities?.transfers === 'active',
    isPayable: payouts_enabled,
    requirements: [...new Set([...(requirements?.past_due ?? []), ...(requirements?.currently_due ?? [])])].sort(),
    dueBy: dueBy === null ? null : new Date(dueBy * 1_000),
    disabledReason: requirements?.disabled_reason ?? null,
  }
}
