import type { StoreContext } from '../../context'
import { formatInstant } from '../../kernel/clock'
import { derivedRowId } from '../../kernel/ids'
import { formatUsdt } from '../../kernel/plans'
import { writeLetter } from '../receipts/content'
import { queueNotice } from '../receipts/service'
import { MAIL_TEXTS } from '../receipts/texts'
import { getStore } from '../stores/service'
import type { Account } from './account'
import { settingsOf } from './accounts'

/** Whoever runs the server, as merchants know it. */
const SENDER = 'Payhook'

/** English, since a store has no language of its own. */
const LOCALE = 'en'

/** Tells a store's owner that its plan ended for want of balance, in the transaction that ends it, once. */
export async function mailDowngrade(tx: StoreContext, was: Account, is: Account, priceMinor: bigint): Promise<void> {
  const { plans } = settingsOf(tx)
  const { name, email } = await getStore(tx, tx.storeId)
  const [plan, free] = [plans[was.plan].name, plans[is.plan].name]
  const test = tx.isTest ? `[${MAIL_TEXTS.en.test}] ` : ''
  const content = writeLetter({
    texts: { ...MAIL_TEXTS.en, open: 'Top up' },
    subject: `${test}${name} is on the ${free} plan now`,
    storeName: SENDER,
    accentColor: null,
    isTest: tx.isTest,
    title: `${name} is on the ${free} plan now`,
    lead: `The balance did not cover ${formatUsdt(priceMinor)} USDT for the next period of the ${plan} plan. Payments that are under way go on.`,
    lines: [
      { label: 'Plan', value: free, isStrong: true },
      { label: 'Payments included', value: String(is.includedPayments) },
      { label: 'Until', value: formatInstant(is.periodEnd, LOCALE) },
    ],
    receiptUrl: `${tx.publicUrl}/topup`,
    closing: [
      `Top up and subscribe to ${plan} again at any time.`,
      `You get this e-mail because ${name} is a store here.`,
    ],
  })
  await queueNotice(tx, {
    id: derivedRowId(tx.storeId, `downgrade ${tx.isTest} ${is.period}`),
    recipient: email,
    content,
  })
}
