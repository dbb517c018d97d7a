import type Stripe from 'stripe'
import * as z from 'zod'
import { listOf } from './lists'
import {
  amount,
  currency,
  email,
  expand,
  filled,
  flag,
  metadata,
  type Names,
  page,
  range,
  readParameters,
  url,
} from './parameters'
import type { Route } from './routes'

const requested = z.strictObject({
  requested: flag.optional(),
} satisfies Names<Stripe.AccountCreateParams.Capabilities.Transfers>)

const controller = {
  fees: z.strictObject({ payer: z.enum(['account', 'application']) }).optional(),
  losses: z.strictObject({ payments: z.enum(['application', 'stripe']) }).optional(),
  requirement_collection: z.enum(['application', 'stripe']).optional(),
  stripe_dashboard: z.strictObject({ type: z.enum(['express', 'full', 'none']) }).optional(),
} satisfies Names<Stripe.AccountCreateParams.Controller>

const accountCreate = {
  controller: z.strictObject(controller),
  capabilities: z.strictObject({
    card_payments: requested.optional(),
    transfers: requested.optional(),
  } satisfies Names<Stripe.AccountCreateParams.Capabilities>),
  business_profile: z
    .strictObject({ name: filled().optional() } satisfies Names<Stripe.AccountCreateParams.BusinessProfile>)
    .optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  email: email.optional(),
  metadata: metadata.optional(),
  expand,
} satisfies Names<Stripe.AccountCreateParams>

const linkCreate = {
  account: filled(),
  type: z.enum(['account_onboarding', 'account_update']),
  refresh_url: url,
  return_url: url,
  collection_options: z.strictObject({ fields: z.enum(['currently_due', 'eventually_due']).optional() }).optional(),
  expand,
} satisfies Names<Stripe.AccountLinkCreateParams>

const transferCreate = {
  ...{ amount, currency, destination: filled(), transfer_group: filled().optional(), metadata: metadata.optional() },
  expand,
} satisfies Names<Stripe.TransferCreateParams>

const SHAPES = {
  accountCreate: z.strictObject(accountCreate),
  accountList: z.strictObject({ ...page, created: range.optional() } satisfies Names<Stripe.AccountListParams>),
  linkCreate: z.strictObject(linkCreate),
  transferCreate: z.strictObject(transferCreate),
  transferList: z.strictObject({
    ...{ ...page, transfer_group: filled().optional(), destination: filled().optional() },
  } satisfies Names<Stripe.TransferListParams>),
  reversalCreate: z.strictObject({
    ...{ amount: amount.optional(), metadata: metadata.optional(), expand },
  } satisfies Names<Stripe.TransferCreateReversalParams>),
  feeRefundCreate: z.strictObject({
    ...{ amount: amount.optional(), metadata: metadata.optional(), expand },
  } satisfies Names<Stripe.ApplicationFeeCreateRefundParams>),
}

/** Of Stripe Connect. */
export const CONNECT_ROUTES: Readonly<Record<string, Route>> = {
  'POST accounts': ({ account, form }) => {
    const {
      country,
      email: address,
      metadata: kept = {},
      business_profile: profile,
    } = readParameters(SHAPES.accountCreate, form)
    return account.connect.openAccount({ country, email: address, name: profile?.name, metadata: kept })
  },
  'GET accounts': ({ account, form }) => {
    const { limit, starting_after: after, created } = readParameters(SHAPES.accountList, form)
    const since = typeof created === 'object' ? (created.gte ?? 0) : 0
    const newest = [...account.connect.accounts.values()].filter((one) => one.created >= since)
    const end = newest.findIndex(({ id }) => id === after)
    return listOf(end < 0 ? newest : newest.slice(0, end), limit, '/v1/accounts')
  },
  'POST account_links': ({ account, form }) => {
    const asked = readParameters(SHAPES.linkCreate, form)
    return account.connect.openLink({ ...asked, refreshUrl: asked.refresh_url, returnUrl: asked.return_url })
  },
  'POST transfers': ({ account, form }) => {
    const { transfer_group: group = null, ...asked } = readParameters(SHAPES.transferCreate, form)
    return account.connect.transfer({ ...asked, group })
  },
  'GET transfers': ({ account, form }) => {
    const { transfer_group: group, limit } = readParameters(SHAPES.transferList, form)
    const found = [...account.connect.transfers.values()].filter((one) => !group || one.transfer_group === group)
    return listOf(found, limit, '/v1/transfers')
  },
  'POST transfers/id/reversals': ({ account, id, form }) =>
    account.connect.reverse(id, readParameters(SHAPES.reversalCreate, form).amount),
  'POST application_fees/id/refunds': ({ account, id, form }) =>
    account.connect.refundFee(id, readParameters(SHAPES.feeRefundCreate, form).amount),
}
