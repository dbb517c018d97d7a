/**
 * Every word that a buyer reads. `Texts` is made from the English ones, so that another language can't miss a key; amounts,
 * dates and names are passed in already formatted.
 */
import { checkoutEn } from './texts-checkout'
import { connectEn } from './texts-connect'
import { cryptoEn } from './texts-crypto'
import { de } from './texts-de'
import { statesEn } from './texts-states'
import { topupEn } from './texts-topup'

const en = {
  lang: 'en',
  payTo: (store: string) => `Pay ${store}`,
  titleOf: (what: string, store: string) => `${what} · ${store}`,
  errorTitle: (title: string) => `Error: ${title}`,
  test: 'Test',
  testMode: 'Test mode: no money moves, and only the test cards work.',
  testCards: 'Test cards',
  testCardsHint: 'Choose one to fill the form. Any future date, any three digits and any name will do.',
  testCardsScriptless: 'Type one of these numbers with any future date, any three digits and any name.',
  testOutcomes: {
    success: 'Succeeds',
    success_3ds: 'Succeeds after 3‑D Secure',
    failed_3ds: '3‑D Secure fails',
    declined: 'Declined',
    expired_card: 'Declined: expired',
    insufficient_funds: 'Declined: not enough money',
  },
  total: 'Total',
  about: 'About this product',
  paymentDetails: 'Payment details',
  yourDetails: 'Your details',
  email: 'E-mail',
  cardNumber: 'Card number',
  expiry: 'Expiry',
  expiryHint: 'MM / YY',
  cvc: 'Security code',
  cvcHint: '3 or 4 digits',
  nameOnCard: 'Name on card',
  pay: (amount: string) => `Pay ${amount}`,
  paying: 'Paying…',
  cancel: (store: string) => `Cancel and go back to ${store}`,
  cardPromise: 'Your card number and security code are used for this payment only and never stored here.',
  pagePromise:
    'You pay on the secure page of our payment service, by card or by what it offers. The shop never sees your card.',
  testPagePromise: 'Test mode: no money moves. You go on to the test page of our payment service.',
  offline: 'You are offline. Nothing was sent. Reconnect and press the button again.',
  summaryOne: 'One field needs your attention',
  summaryMany: (count: number) => `${count} fields need your attention`,
  problems: {
    email_missing: 'Enter your e-mail address.',
    email_invalid: 'Enter an e-mail address such as name@example.com.',
    number_missing: 'Enter the number on your card.',
    number_invalid: 'Check the card number. It has 12 to 19 digits.',
    expiry_missing: 'Enter the expiry date of your card.',
    expiry_invalid: 'Enter the expiry date as month and year, such as 12/30.',
    expiry_past: 'This card has expired. Check the date or use another card.',
    cvc_missing: 'Enter the security code of your card.',
    cvc_invalid: 'The security code has 3 or 4 digits. It is usually on the back of the card.',
    pay_in_missing: 'Choose a coin and its network.',
    name_missing: 'Enter the name on your card.',
    name_invalid: 'Enter a shorter name, without special control characters.',
  },
  declinedTitle: 'The payment was declined',
  declines: {
    expired_card: 'The card has expired. Nothing was charged. Use another card.',
    insufficient_funds: 'There is not enough money on this card. Nothing was charged. Use another card.',
    authentication_failed:
      'Your bank could not confirm that it is you. Nothing was charged. Try again or use another card.',
    not_a_test_card: 'This is test mode, where real cards are refused. Nothing was charged. Use one of the test cards.',
    invalid_expiry: 'The expiry date does not fit this card. Nothing was charged. Check the date and try again.',
    card_declined:
      'Your bank declined the card without a reason. Nothing was charged. Use another card or ask your bank.',
  },
  priceChangedTitle: 'The price has changed',
  priceChanged: (amount: string) =>
    `It is ${amount} now. Nothing was charged. Enter your card again if you want to buy at this price.`,
  couponUsedTitle: 'The coupon was used already',
  couponUsed: (amount: string) =>
    `It can't be used again with this e-mail address. The price is ${amount} without it. Nothing was charged. Enter your card again if you want to buy at this price.`,
  couponRefusals: {
    not_found: 'There is no such coupon. Check its spelling.',
    inactive: 'This coupon is not valid at the moment.',
    expired: 'This coupon has expired.',
    used_up: 'This coupon has been used up.',
    used_by_customer: 'This coupon was used already with this e-mail address.',
    below_minimum_amount: 'This coupon is for larger orders.',
    other_currency: 'This coupon is for another currency.',
    total_too_small: 'This coupon does not fit: what would be left to pay is too little to be charged.',
  },
  coupon: {
    add: 'Add a coupon',
    label: 'Coupon code',
    apply: 'Apply',
    missing: 'Enter the code of your coupon.',
    price: 'Price',
    applied: 'Coupon',
    remove: 'Remove',
    removeOf: (code: string) => `Remove the coupon ${code}`,
  },
  free: {
    title: 'Nothing to pay',
    lead: 'This costs you nothing. Your receipt goes to your e-mail address.',
    get: 'Complete the order',
    busy: 'One moment…',
    testMode: 'Test mode: this is a rehearsal.',
  },
  paymentTo: (store: string) => `Payment to ${store}`,
  ownAmount: {
    title: 'How much do you want to pay?',
    short: 'You decide',
    label: (currency: string) => `Amount in ${currency}`,
    hint: (least: string, most: string) => `From ${least} to ${most}.`,
    missing: 'Enter the amount that you want to pay.',
    invalid: (example: string) => `Enter the amount in digits, such as ${example}.`,
    range: (least: string, most: string) => `The amount must be between ${least} and ${most}.`,
    next: 'Continue',
    change: 'Change the amount',
  },
  link: {
    title: 'This link does not work',
    lead: (store: string) => `${store} has to correct it. Nothing was charged.`,
    leadAlone: 'The shop has to correct it. Nothing was charged.',
    store_missing: 'store_id is missing: the address must name the store, such as store_id=sto_0a1b2c3d.',
    problems: {
      amount_invalid: (name: string) => `${name} must be a plain amount, such as 49.99.`,
      amount_range: (name: string, least: string, most: string) => `${name} must be between ${least} and ${most}.`,
      currency_unknown: (name: string) => `${name} must be a currency of three letters, such as usd or eur.`,
      text_invalid: (name: string) => `${name} is too long, or holds characters that cannot be shown.`,
      url_invalid: (name: string) => `${name} must be a whole address, such as https://example.com/thanks.`,
      flag_invalid: (name: string) => `${name} must be true or false.`,
      variant_unknown: (name: string) => `${name} is no variant of this store.`,
      webhook_refused: (name: string) =>
        `${name} must be on a host that the store has registered: one of its webhook endpoints, or its webhook_url.`,
    },
  },
  challenge: {
    title: 'Confirm this payment',
    heading: 'Is this you?',
    bank: 'Sandbox bank',
    explanation: 'This page stands in for the 3‑D Secure check of your bank. Choose how it should end.',
    store: 'Store',
    amount: 'Amount',
    card: 'Card',
    cardEnding: (brand: string, last4: string) => `${brand} ending in ${last4}`,
    complete: 'Complete authentication',
    fail: 'Fail authentication',
  },
  receipt: {
    title: 'Receipt',
    thanks: 'Thank you',
    paid: (amount: string, store: string) => `You paid ${amount} to ${store}.`,
    free: (store: string) => `There was nothing to pay to ${store}.`,
    refunded: 'Refunded',
    refundedLead: (amount: string, store: string) =>
      `${store} has given back ${amount}. Your bank shows it within a few days.`,
    partlyRefunded: (amount: string) => `${amount} of it was given back.`,
    testLead: 'This was a test: no money moved.',
    what: 'Product',
    amount: 'Total paid',
    date: 'Date',
    number: 'Order number',
    email: 'E-mail',
    store: 'Store',
    card: 'Paid with',
    license: 'Your licence key',
    licenseCopy: 'Copy',
    licenseCopied: 'Copied',
    licenseForEver: 'Valid for ever.',
    licenseUntil: (when: string) => `Valid until ${when}.`,
    licensePlaces: (places: number) =>
      places === 1 ? 'You can use it at one place at a time.' : `You can use it at ${places} places at a time.`,
    licenseEnded: {
      expired: 'This key has expired.',
      revoked: 'This key was revoked and is not valid any more.',
    },
    print: 'Print',
    back: (store: string) => `Back to ${store}`,
    open: 'Open the receipt in a new tab',
    keep: 'Keep this page: its address is your receipt.',
  },
  crypto: cryptoEn,
  checkout: checkoutEn,
  connect: connectEn,
  topup: topupEn,
  states: statesEn,
}

export type Texts = typeof en
export type Problem = keyof Texts['problems']
export type LinkProblem = keyof Texts['link']['problems']

export const TEXTS: Readonly<Record<'en' | 'de', Texts>> = { en, de }
