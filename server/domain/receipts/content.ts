import { formatInstant } from '../../kernel/clock'
import { formatMoney } from '../../kernel/money'
import type { LicenseRow } from '../licenses/table'
import type { OrderRow, RefundRow } from '../orders/table'
import type { StoreRow } from '../stores/table'
import { htmlOf } from './layout'
import type { Letter, Line } from './letter'
import { MAIL_TEXTS, type MailTexts } from './texts'

type MailOrder = Pick<
  OrderRow,
  | 'isTest'
  | 'number'
  | 'locale'
  | 'productName'
  | 'subtotalMinor'
  | 'discountMinor'
  | 'couponCode'
  | 'amountMinor'
  | 'refundedMinor'
  | 'currency'
  | 'createdAt'
  | 'completedAt'
>
type MailRefund = Pick<RefundRow, 'amountMinor'>

/** What a mail tells of. A refund makes it the notice of this refund; without one it is the receipt. */
export type MailFacts = {
  store: Pick<StoreRow, 'name' | 'accentColor'>
  order: MailOrder
  refund: MailRefund | null
  /** One that is still good. */
  license: Pick<LicenseRow, 'key' | 'expiresAt'> | null
  receiptUrl: string
  /** Whether an answer reaches the store. */
  canReply: boolean
}

export type MailContent = { subject: string; text: string; html: string }

/** Subject, text and HTML of a mail, in the buyer's language. Pure. */
export function writeMail(facts: MailFacts): MailContent {
  return writeLetter(letterOf(facts))
}

export function writeLetter(letter: Letter): MailContent {
  return { subject: letter.subject, text: textOf(letter), html: htmlOf(letter) }
}

function letterOf({ store, order, refund, license, receiptUrl, canReply }: MailFacts): Letter {
  const locale = order.locale ?? 'en-US'
  const texts = locale.startsWith('de') ? MAIL_TEXTS.de : MAIL_TEXTS.en
  const storeName = oneLine(store.name)
  const money = (minor: bigint) => formatMoney(minor, order.currency, locale)
  const subject = (refund ? texts.refundSubject : texts.receiptSubject)(storeName, order.number)
  const said = refund ? refundWords(texts, storeName, money, refund) : receiptWords(texts, storeName, money, order)
  const paid = paidLines(texts, money, order)
  const number = { label: texts.number, value: order.number, isCode: true }
  const date = { label: texts.date, value: formatInstant(order.completedAt ?? order.createdAt, locale) }
  return {
    texts,
    // Whoever gets a test's mail must not take it for a sale.
    subject: order.isTest ? `[${texts.test}] ${subject}` : subject,
    storeName,
    accentColor: store.accentColor,
    isTest: order.isTest,
    ...said,
    lines: refund
      ? [...refundLines(texts, money, order, refund), number]
      : [...paid, ...refundedLine(texts, money, order), date, number, ...licenseLines(texts, locale, license)],
    receiptUrl,
    closing: [texts.why(storeName), ...(canReply ? [texts.reply(storeName)] : [])],
  }
}

type Money = (minor: bigint) => string

function receiptWords(texts: MailTexts, store: string, money: Money, order: MailOrder) {
  const { amountMinor, refundedMinor } = order
  if (refundedMinor > 0n && refundedMinor >= amountMinor) {
    return { title: texts.refunded, lead: texts.refundLead(money(refundedMinor), store) }
  }
  const partly = refundedMinor > 0n ? ` ${texts.partlyRefunded(money(refundedMinor))}` : ''
  return { title: texts.thanks, lead: `${texts.paid(money(amountMinor), store)}${partly}` }
}

function refundWords(texts: MailTexts, store: string, money: Money, refund: MailRefund) {
  return { title: texts.refunded, lead: texts.refundLead(money(refund.amountMinor), store) }
}

function paidLines(texts: MailTexts, money: Money, order: MailOrder): Line[] {
  const discount: Line[] =
    order.discountMinor > 0n
      ? [
          { label: texts.price, value: money(order.subtotalMinor) },
          { label: texts.discount(order.couponCode), value: money(-order.discountMinor) },
        ]
      : []
  return [
    { label: texts.product, value: oneLine(order.productName) },
    ...discount,
    { label: texts.total, value: money(order.amountMinor), isStrong: true },
  ]
}

function licenseLines(texts: MailTexts, locale: string, license: MailFacts['license']): Line[] {
  if (license === null) return []
  const until = license.expiresAt && { label: texts.licenseUntil, value: formatInstant(license.expiresAt, locale) }
  return [{ label: texts.license, value: license.key, isCode: true }, ...(until ? [until] : [])]
}

function refundedLine(texts: MailTexts, money: Money, order: MailOrder): Line[] {
  return order.refundedMinor > 0n ? [{ label: texts.refund, value: money(order.refundedMinor) }] : []
}

function refundLines(texts: MailTexts, money: Money, order: MailOrder, refund: MailRefund): Line[] {
  const hasMore = order.refundedMinor > refund.amountMinor
  return [
    { label: texts.product, value: oneLine(order.productName) },
    { label: texts.refund, value: money(refund.amountMinor), isStrong: true },
    ...(hasMore ? [{ label: texts.refundedInAll, value: money(order.refundedMinor) }] : []),
    { label: texts.total, value: money(order.amountMinor) },
  ]
}

function textOf(letter: Letter): string {
  const { texts, isTest, title, lead, lines, receiptUrl, closing } = letter
  return [
    ...(isTest ? [`[${texts.test}] ${texts.testLead}`, ''] : []),
    title,
    '',
    lead,
    '',
    ...lines.map(({ label, value }) => `${label}: ${value}`),
    '',
    `${texts.open}: ${receiptUrl}`,
    '',
    ...closing,
    '',
  ].join('\n')
}

/** A name may hold line breaks, which would make another line of a mail, or another header. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Z}]+/gu, ' ').trim()
}
