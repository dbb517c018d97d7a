import { de } from './texts-de'

/** Every word of a mail to a buyer. Amounts, dates and names are passed in already formatted. */
const en = {
  lang: 'en',
  test: 'Test',
  testLead: 'This is a test: no money moved.',
  receiptSubject: (store: string, number: string) => `Receipt from ${store} (${number})`,
  refundSubject: (store: string, number: string) => `Refund from ${store} (${number})`,
  thanks: 'Thank you',
  paid: (amount: string, store: string) => `You paid ${amount} to ${store}.`,
  refunded: 'Refunded',
  refundLead: (amount: string, store: string) =>
    `${store} has given back ${amount}. Your bank shows it within a few days.`,
  partlyRefunded: (amount: string) => `${amount} of it was given back.`,
  product: 'Product',
  price: 'Price',
  discount: (code: string | null) => (code === null ? 'Discount' : `Discount (${code})`),
  total: 'Total paid',
  refund: 'Given back',
  refundedInAll: 'Given back in all',
  date: 'Date',
  number: 'Order number',
  license: 'Licence key',
  licenseUntil: 'Valid until',
  open: 'Show the receipt',
  why: (store: string) => `You get this e-mail because you bought something from ${store}.`,
  reply: (store: string) => `Questions? Your answer to this e-mail reaches ${store}.`,
}

export type MailTexts = typeof en

export const MAIL_TEXTS: Readonly<Record<'en' | 'de', MailTexts>> = { en, de }
