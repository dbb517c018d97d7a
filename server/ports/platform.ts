/*
 * What a gateway is to the domain where the operator runs a platform on it: each store has an account of its own there, buyers pay
 * into that, and the gateway keeps the operator's fee back for them.
 */

/** How a charge is divided: all of it goes to the store's account, but for the operator's fee. */
export type Split = {
  /** The gateway's id of the store's account. */
  account: string
  /** In the currency of the charge. */
  feeMinor: bigint
}

export type NewAccount = {
  /** Also the gateway's idempotency key: asking twice with one key is one account. */
  key: string
  /** When it was asked for first: an idempotency key may be forgotten by now. */
  askedAt: Date
  /** For people who look at the account at the gateway, and for us: `sto_…`. */
  store: string
  name: string
  email: string
  /** ISO 3166-1, two capital letters; null: the platform's own. */
  country: string | null
}

/** A page of the gateway where the seller says who they are. It can be opened once, for some minutes. */
export type OnboardingLink = { url: string; expiresAt: Date }

export type OnboardingRequest = {
  account: string
  /** Where the seller comes back to, done or not. */
  returnUrl: string
  /** Where the gateway sends the seller for another link, when this one is over. */
  refreshUrl: string
}

/** An account of a store as it is now. */
export type ConnectedAccount = {
  /** The seller has sent what was asked at first. */
  isSubmitted: boolean
  /** It may be paid into by card, and be sent its share. */
  isChargeable: boolean
  isPayable: boolean
  /** What the gateway still wants to know, in its own words. */
  requirements: string[]
  /** When it stops the account for want of them; null where nothing is due by a time. */
  dueBy: Date | null
  /** Why it is stopped, in the gateway's words; null while it isn't. */
  disabledReason: string | null
}

/** What a store should have of a charge by now, and the operator of its fee. */
export type ShareRequest = Split & {
  /** Names the charge's own transfers at the gateway. */
  attemptId: string
  chargeReference: string
  currency: string
  /** All that the store should have, refunds and disputes taken off. `feeMinor` is what the operator should have. */
  shareMinor: bigint
}

export interface Platform {
  /** The id of the account of this key, made now or earlier. Throws AppError invalid_request for a country that has none. */
  openAccount(request: NewAccount): Promise<string>
  onboardingLink(request: OnboardingRequest): Promise<OnboardingLink>
  /** Null for an account that isn't connected to the platform any more. */
  findAccount(account: string): Promise<ConnectedAccount | null>
  /**
   * Moves what lacks between the store's account and the platform, so that each has its share of a charge: nothing when they have it.
   * It asks for the present state first, so that it may be repeated. An account that settles in another currency has the same part of what
   * the gateway made of the charge. Throws when it can't now, for want of money say.
   */
  settleShare(request: ShareRequest): Promise<void>
}
