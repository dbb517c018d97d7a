import { randomBytes } from 'node:crypto'
import type {
  ApplicationFee,
  Charge,
  ConnectedAccount,
  FeeRefund,
  Metadata,
  PaymentIntent,
  StripeObject,
  Transfer,
  TransferReversal,
} from './objects'
import { invalid, missing, StripeRefusal } from './refusal'

export type NewConnectedAccount = {
  country?: string | undefined
  email?: string | undefined
  name?: string | undefined
  metadata: Metadata
}

type Tell = (type: string, object: StripeObject | object, account?: string) => void

const MINUTE = 60
const FIRST_QUESTIONS = ['business_type', 'external_account', 'tos_acceptance.date']

/** How a part of a fee is rounded: Stripe's documentation doesn't say. */
export type Rounding = 'down' | 'up' | 'nearest'

/** Stripe Connect with destination charges: accounts, and what moves between the platform's balance and theirs. */
export function createConnect(seconds: () => number, pageUrl: string, livemode: boolean, tell: Tell) {
  const accounts = new Map<string, ConnectedAccount>()
  const revoked = new Set<string>()
  const transfers = new Map<string, Transfer>()
  const fees = new Map<string, ApplicationFee>()
  const links: { url: string; account: string; returnUrl: string; refreshUrl: string }[] = []
  /** By `owner currency`; the platform is ''. */
  const balances = new Map<string, number>()
  const settings = { feeRounding: 'nearest' as Rounding, canConnect: true }
  const firstSettings = { ...settings }
  const idOf = (kind: string) => `${kind}_1${randomBytes(12).toString('hex')}`

  function move(owner: string, currency: string, amount: number): void {
    const key = `${owner} ${currency}`
    balances.set(key, (balances.get(key) ?? 0) + amount)
  }

  const balanceOf = (owner: string, currency: string) => balances.get(`${owner} ${currency}`) ?? 0

  function openAccount(asked: NewConnectedAccount): ConnectedAccount {
    if (!settings.canConnect) throw invalid("You can only create new accounts if you've signed up for Connect.")
    const country = asked.country ?? 'US'
    if (country === 'XX') throw invalid("Country 'XX' is unknown.", { param: 'country' })
    const made: ConnectedAccount = {
      ...{ id: `acct_1${randomBytes(8).toString('hex')}`, object: 'account', country, email: asked.email ?? null },
      ...{ business_profile: { name: asked.name ?? null }, metadata: asked.metadata, default_currency: 'usd' },
      ...{ details_submitted: false, charges_enabled: false, payouts_enabled: false, created: seconds() },
      capabilities: { card_payments: 'inactive', transfers: 'inactive' },
      controller: {
        ...{ type: 'application', is_controller: true, requirement_collection: 'stripe' },
        ...{
          fees: { payer: 'application' },
          losses: { payments: 'application' },
          stripe_dashboard: { type: 'express' },
        },
      },
      requirements: {
        ...{
          alternatives: [],
          current_deadline: null,
          currently_due: FIRST_QUESTIONS,
          errors: [],
          pending_verification: [],
        },
        ...{ disabled_reason: 'requirements.past_due', eventually_due: FIRST_QUESTIONS, past_due: FIRST_QUESTIONS },
      },
    }
    accounts.set(made.id, made)
    tell('account.updated', made, made.id)
    return made
  }

  function getAccount(id: string): ConnectedAccount {
    const found = accounts.get(id)
    if (found && !revoked.has(id)) return found
    const message = `The provided key 'sk_${livemode ? 'live' : 'test'}_***' does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`
    throw new StripeRefusal(403, { type: 'invalid_request_error', code: 'account_invalid', message })
  }

  function openLink({ account, refreshUrl, returnUrl }: { account: string; refreshUrl: string; returnUrl: string }) {
    getAccount(account)
    const url = `${pageUrl}/setup/e/${account}/${randomBytes(9).toString('base64url')}`
    links.push({ url, account, refreshUrl, returnUrl })
    return { object: 'account_link', created: seconds(), expires_at: seconds() + 5 * MINUTE, url }
  }

  /** What the seller or Stripe does to an account; what isn't said stays. */
  function change(id: string, changes: Partial<Pick<ConnectedAccount, 'payouts_enabled'>> & AccountChange): void {
    const account = getAccount(id)
    const { isSubmitted = account.details_submitted, isChargeable = account.charges_enabled, due } = changes
    account.details_submitted = isSubmitted
    account.charges_enabled = isChargeable
    account.payouts_enabled = changes.payouts_enabled ?? account.payouts_enabled
    const status = isChargeable ? 'active' : isSubmitted ? 'pending' : 'inactive'
    account.capabilities = { card_payments: status, transfers: status }
    if (due) Object.assign(account.requirements, { currently_due: due, past_due: [], eventually_due: due })
    account.requirements.disabled_reason = isChargeable ? null : (changes.disabledReason ?? 'requirements.past_due')
    tell('account.updated', account, id)
  }

  /** The seller answers all questions, and Stripe agrees. */
  function complete(id: string): void {
    change(id, { isSubmitted: true, isChargeable: true, payouts_enabled: true, due: [] })
  }

  function deauthorize(id: string): void {
    getAccount(id)
    revoked.add(id)
    tell('account.application.deauthorized', { id: 'ca_fake', object: 'application', name: 'Payhook' }, id)
  }

  /** What Stripe checks when a session is made, and again when it is paid. */
  function check(destination: string | undefined, fee: number | undefined): void {
    if (destination === undefined) {
      if (fee === undefined) return
      throw invalid('Can only apply an application_fee_amount when the PaymentIntent is a destination payment.')
    }
    const account = accounts.get(destination)
    if (!account || revoked.has(destination)) {
      const param = 'payment_intent_data[transfer_data][destination]'
      throw invalid(`No such destination: '${destination}'`, { code: 'resource_missing', param })
    }
    if (account.capabilities.transfers === 'active') return
    throw invalid(
      'Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments',
      { code: 'insufficient_capabilities_for_transfer' },
    )
  }

  /** A destination charge: all of it goes to the account as it was settled, and the fee comes back from there, converted alike. */
  function divide(charge: Charge, intent: PaymentIntent, settled: { amount: number; currency: string }): void {
    const destination = intent.transfer_data?.destination
    if (destination === undefined) return
    const { amount, currency } = settled
    const transfer = addTransfer({ amount, currency, destination, group: charge.transfer_group }, charge.id)
    charge.transfer = transfer.id
    const asked = Math.min(intent.application_fee_amount ?? 0, charge.amount)
    if (asked === 0) return
    const fee = Math.round((asked * amount) / charge.amount)
    const made: ApplicationFee = {
      ...{
        id: idOf('fee'),
        object: 'application_fee',
        account: destination,
        amount: fee,
        amount_refunded: 0,
        currency,
      },
      ...{ charge: charge.id, refunded: false, created: seconds() },
    }
    fees.set(made.id, made)
    charge.application_fee = made.id
    move(destination, currency, -fee)
    move('', currency, fee)
  }

  type NewTransfer = { amount: number; currency: string; destination: string; group: string | null }

  function addTransfer({ group, ...facts }: NewTransfer, source: string | null): Transfer {
    const made: Transfer = {
      ...{ id: idOf('tr'), object: 'transfer', ...facts, amount_reversed: 0, reversed: false, metadata: {} },
      ...{ source_transaction: source, transfer_group: group, created: seconds() },
    }
    transfers.set(made.id, made)
    move('', facts.currency, -facts.amount)
    move(facts.destination, facts.currency, facts.amount)
    return made
  }

  function transfer(asked: NewTransfer): Transfer {
    check(asked.destination, undefined)
    if (balanceOf('', asked.currency) < asked.amount) {
      throw invalid('You have insufficient available funds in your Stripe account.', { code: 'balance_insufficient' })
    }
    return addTransfer(asked, null)
  }

  function reverse(id: string, asked?: number): TransferReversal {
    const found = transfers.get(id)
    if (!found) throw missing('transfer', id)
    const left = found.amount - found.amount_reversed
    const amount = asked ?? left
    if (amount > left)
      throw invalid(`Transfer reversal amount (${amount}) is greater than unreversed amount on transfer (${left}).`)
    const isPoor = found.source_transaction === null && balanceOf(found.destination, found.currency) < amount
    if (isPoor) throw invalid('Insufficient funds in the account', { code: 'balance_insufficient' })
    found.amount_reversed += amount
    found.reversed = found.amount_reversed === found.amount
    move(found.destination, found.currency, -amount)
    move('', found.currency, amount)
    return {
      id: idOf('trr'),
      object: 'transfer_reversal',
      amount,
      currency: found.currency,
      transfer: id,
      created: seconds(),
    }
  }

  function refundFee(id: string, asked?: number): FeeRefund {
    const fee = fees.get(id)
    if (!fee) throw missing('application_fee', id)
    const left = fee.amount - fee.amount_refunded
    const amount = asked ?? left
    if (left === 0 || amount > left)
      throw invalid(`Refund amount (${amount}) is greater than fee amount left (${left})`)
    fee.amount_refunded += amount
    fee.refunded = fee.amount_refunded === fee.amount
    move(fee.account, fee.currency, amount)
    move('', fee.currency, -amount)
    return {
      id: idOf('fr'),
      object: 'fee_refund',
      amount,
      currency: fee.currency,
      fee: id,
      metadata: {},
      created: seconds(),
    }
  }

  type GiveBack = { reverse_transfer?: boolean | undefined; refund_application_fee?: boolean | undefined }

  /** What a refund of a part moves back; answers the reversal's id. `isAll`: the charge at once. */
  function giveBack(charge: Charge, amount: number, asked: GiveBack): string | null {
    const { reverse_transfer: reverses, refund_application_fee: returns } = asked
    if (returns && !charge.application_fee)
      throw invalid('This charge has no application fee to refund.', { param: 'refund_application_fee' })
    if (reverses && !charge.transfer)
      throw invalid('This charge has no transfer to reverse.', { param: 'reverse_transfer' })
    const own = transfers.get(charge.transfer ?? '')
    // Both are refused or both are done.
    if (reverses && revoked.has(own?.destination ?? '')) {
      throw invalid('This account is not connected to your platform any more.', { code: 'account_invalid' })
    }
    const part = own ? Math.round((own.amount * amount) / charge.amount) : 0
    const left = own ? own.amount - own.amount_reversed : 0
    // The last part of what was converted is whatever is left.
    const isTooMuch = own?.currency === charge.currency ? left < part : left === 0
    if (reverses && isTooMuch) throw invalid('The transfer has less left to reverse.', { param: 'reverse_transfer' })
    if (returns) {
      const fee = fees.get(charge.application_fee ?? '')
      const kept = fee ? fee.amount - fee.amount_refunded : 0
      if (kept === 0) throw invalid('The application fee has been refunded.', { param: 'refund_application_fee' })
      const returned =
        amount === charge.amount ? kept : Math.min(kept, rounded(((fee?.amount ?? 0) * amount) / charge.amount))
      if (fee && returned > 0) refundFee(fee.id, returned)
    }
    if (!reverses) return null
    return reverse(charge.transfer ?? '', Math.min(part, left)).id
  }

  function rounded(value: number): number {
    const { feeRounding: to } = settings
    if (to === 'down') return Math.floor(value)
    return to === 'up' ? Math.ceil(value) : Math.round(value)
  }

  const find = (id: string) => transfers.get(id) ?? fees.get(id)

  return {
    ...{ accounts, transfers, fees, links, balances, settings, firstSettings, move, balanceOf, find },
    ...{ openAccount, getAccount, openLink, change, complete, deauthorize, check, divide },
    ...{ transfer, reverse, refundFee, giveBack },
  }
}

type AccountChange = {
  isSubmitted?: boolean
  isChargeable?: boolean
  /** What Stripe wants to know now. */
  due?: string[]
  disabledReason?: string
}
