import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type MailFacts, writeMail } from '../../../server/domain/receipts/content'
import { html } from '../../../server/domain/receipts/markup'

const ORDER: MailFacts['order'] = {
  isTest: false,
  number: 'PP-2603-7K2M9Q',
  locale: null,
  productName: 'Template pack',
  subtotalMinor: 1_900n,
  discountMinor: 0n,
  couponCode: null,
  amountMinor: 1_900n,
  refundedMinor: 0n,
  currency: 'usd',
  createdAt: new Date('2026-03-02T08:59:00.000Z'),
  completedAt: new Date('2026-03-02T09:00:00.000Z'),
}

function write(order: Partial<MailFacts['order']> = {}, facts: Partial<MailFacts> = {}) {
  return writeMail({
    store: { name: 'Kiosk', accentColor: null },
    order: { ...ORDER, ...order },
    refund: null,
    license: null,
    receiptUrl: 'https://shop.example/checkout/cs_live_1/receipt',
    canReply: true,
    ...facts,
  })
}

test('a receipt says what was bought, for how much, when, its number, and where the receipt is', () => {
  const { subject, text } = write()
  expect(subject).toBe('Receipt from Kiosk (PP-2603-7K2M9Q)')
  expect(text).toBe(
    [
      'Thank you',
      '',
      'You paid $19.00 to Kiosk.',
      '',
      'Product: Template pack',
      'Total paid: $19.00',
      'Date: Mar 2, 2026, 09:00 AM UTC',
      'Order number: PP-2603-7K2M9Q',
      '',
      'Show the receipt: https://shop.example/checkout/cs_live_1/receipt',
      '',
      'You get this e-mail because you bought something from Kiosk.',
      'Questions? Your answer to this e-mail reaches Kiosk.',
      '',
    ].join('\n'),
  )
})

test('a buyer who reads German gets it in German, with German amounts and dates', () => {
  const { subject, text, html: markup } = write({ locale: 'de-AT', currency: 'eur', amountMinor: 1_234_50n })
  expect(subject).toBe('Beleg von Kiosk (PP-2603-7K2M9Q)')
  expect(text).toMatch(/^Vielen Dank$/m)
  expect(text).toMatch(/Gezahlt: €\s1\.234,50/)
  expect(text).toMatch(/^Datum: 2\. März 2026/m)
  expect(markup).toContain('<html lang="de">')
})

test('a discount is shown with its code, and the price before it', () => {
  const { text } = write({ subtotalMinor: 2_500n, discountMinor: 600n, couponCode: 'SAVE' })
  expect(text).toContain('Price: $25.00\nDiscount (SAVE): -$6.00\nTotal paid: $19.00')
})

test('a licence key is there where one was bought', () => {
  const license = { key: 'ABCD-EFGH', expiresAt: null }
  expect(write({}, { license }).text).toMatch(/Licence key: ABCD-EFGH\n\n/)
  const ending = { ...license, expiresAt: new Date('2027-03-02T09:00:00.000Z') }
  expect(write({}, { license: ending }).text).toContain('ABCD-EFGH\nValid until: Mar 2, 2027, 09:00 AM UTC')
  expect(write().text).not.toContain('Licence')
})

test('a receipt that is sent again says what was given back by now', () => {
  expect(write({ refundedMinor: 500n }).text).toMatch(/You paid \$19\.00 to Kiosk\. \$5\.00 of it was given back\./)
  expect(write({ refundedMinor: 1_900n }).text).toMatch(/^Refunded\n\nKiosk has given back \$19\.00/)
})

test('a refund notice says what this refund gave back, and all of them', () => {
  const { subject, text } = write({ refundedMinor: 900n }, { refund: { amountMinor: 500n } })
  expect(subject).toBe('Refund from Kiosk (PP-2603-7K2M9Q)')
  expect(text).toContain('Kiosk has given back $5.00.')
  expect(text).toContain('Given back: $5.00\nGiven back in all: $9.00\nTotal paid: $19.00')
})

test('the mail of a test order is marked in its subject and in both parts', () => {
  const { subject, text, html: markup } = write({ isTest: true })
  expect(subject).toBe('[Test] Receipt from Kiosk (PP-2603-7K2M9Q)')
  expect(text).toMatch(/^\[Test\] This is a test: no money moved\./)
  expect(markup).toContain('This is a test: no money moved.')
  expect(JSON.stringify(write())).not.toMatch(/\[test\]|a test|>test</i)
})

test('who can’t be answered promises no answer', () => {
  expect(write({}, { canReply: false }).text).not.toContain('Questions?')
})

test('nothing in the HTML is loaded from anywhere, and it knows the dark', () => {
  const { html: markup } = write({}, { store: { name: 'Kiosk', accentColor: '#ff0066' } })
  expect([...markup.matchAll(/(?:src|href|url\()=?["']?([^"')\s>]+)/g)].map((match) => match[1])).toEqual([
    'https://shop.example/checkout/cs_live_1/receipt',
  ])
  expect(markup).toContain('prefers-color-scheme: dark')
  expect(markup).toContain('border-top:4px solid #ff0066')
})

test('names are escaped in the HTML and stand on one line of the text, whatever they hold', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 60 })
  fc.assert(
    fc.property(anything, anything, fc.boolean(), (name, product, isTest) => {
      const evil = `${product}<img src=x onerror=alert(1)>\r\nBcc: x@example.net "'&`
      const plain = write({ isTest })
      const mail = write({ productName: evil, isTest }, { store: { name: `${name}\r\n<b>`, accentColor: null } })
      expect(mail.html).not.toMatch(/<img|<b>/)
      expect(mail.html.match(/</g)).toHaveLength(plain.html.match(/</g)?.length ?? 0)
      expect(mail.subject).not.toMatch(/[\r\n]/)
      expect(mail.text.split('\n')).toHaveLength(plain.text.split('\n').length)
    }),
  )
})

test('markup escapes text, keeps markup, and leaves nothing for null', () => {
  const inner = html`<b title="${'"&'}">${'<'}</b>`
  expect(html`${inner}${[inner, inner]}${null}`.text).toBe('<b title="&quot;&amp;">&lt;</b>'.repeat(3))
})
