import * as z from 'zod'
import { type Modes, NewOrder, Order, type OrderPage, OrderQuery, OrderStatus, Refund } from '../domain/orders/schema'
import { AppError, ERRORS, type ErrorCode } from '../kernel/errors'
import { toDecimalNumber } from '../kernel/money'
import { Currency } from '../kernel/wire'
import type { Operation } from '../operations'
import type { RestRequest, Surface } from './adapter'
import { filled, noBoolean, readAmount, readDecimal } from './decimals'
import { documentedRoutes, ErrorText, type Extra, type Line } from './documented'
import { COUPON_TABLE } from './pebblepay-coupons'

/** Document D: orders and coupons with decimal amounts, in the names of its payloads. Its errors are `{"error": string}`. */
export function pebblepaySurface(operations: Operation[]): Surface {
  return { name: 'D', routes: documentedRoutes(operations, TABLE), statusOf, toErrorBody, errorBody: ErrorText }
}

/** The document has no 402, 409 and 422: what can't be done to an order is a bad request. */
function statusOf(code: ErrorCode): number {
  const { status } = ERRORS[code]
  const isBadRequest = status === 402 || status === 409 || status === 422
  return isBadRequest && !code.startsWith('idempotency_') ? 400 : status
}

const NAMES: Readonly<Record<string, string>> = {
  amount_cents: 'amount',
  success_url: 'return_url',
  discount_cents: 'discount_value',
  min_amount_cents: 'min_amount',
}

/** What to do next goes behind the message, as there is one text only. Those that the document shows are no sentences, and stay. */
function toErrorBody({ message, field = '', hint }: AppError): z.infer<typeof ErrorText> {
  const name = NAMES[field]
  const error = name ? message.replace(new RegExp(`^${field}\\b`), name) : message
  // What counts in cents would mislead whoever sends decimals.
  const isOfUse = hint && error.endsWith('.') && !/_cents\b/.test(hint)
  return { error: isOfUse ? `${error} ${hint.replaceAll('success_url', 'return_url')}` : error }
}

const Decimal = z.number().describe('Decimal in the unit of the currency: 49.99 is $49.99')

/** What the document's webhooks call a payment, with its session. */
const Payment = z.object({
  order_id: Order.shape.number,
  transaction_id: Order.shape.transaction_id,
  checkout_session_id: Order.shape.session_id,
  checkout_url: Order.shape.checkout_url,
  status: Order.shape.status,
  amount: Decimal.describe('What the customer pays'),
  subtotal: Decimal.describe('The price before the discount'),
  discount_amount: Decimal.describe('What the coupon takes off'),
  coupon_code: Order.shape.coupon_code,
  fee_amount: Decimal.describe('The platform fee within the amount'),
  net_amount: Decimal.describe('The amount without the fee'),
  refunded_amount: Decimal.describe('What was refunded so far'),
  currency: z.string().describe('ISO 4217 code in upper case'),
  product_name: Order.shape.product_name,
  variant_id: Order.shape.variant_id,
  order_reference: Order.shape.order_reference,
  customer_email: Order.shape.customer_email,
  customer_name: Order.shape.customer_name,
  metadata: Order.shape.metadata,
  return_url: Order.shape.success_url.describe('Where the customer goes after paying'),
  cancel_url: Order.shape.cancel_url,
  webhook_url: Order.shape.webhook_url,
  failure_code: Order.shape.failure_code,
  is_test: Order.shape.is_test,
  created_at: Order.shape.created_at,
  expires_at: Order.shape.expires_at,
  completed_at: Order.shape.completed_at,
})

function toPayment(order: z.infer<typeof Order>): z.infer<typeof Payment> {
  const { currency } = order
  const decimal = (cents: number) => toDecimalNumber(BigInt(cents), currency)
  const { order_reference, customer_email, customer_name, metadata, cancel_url, webhook_url, failure_code } = order
  const { checkout_url, coupon_code, product_name, variant_id, is_test, created_at, expires_at, completed_at } = order
  return {
    order_id: order.number,
    transaction_id: order.transaction_id,
    checkout_session_id: order.session_id,
    checkout_url,
    status: order.status,
    amount: decimal(order.amount_cents),
    subtotal: decimal(order.subtotal_cents),
    discount_amount: decimal(order.discount_cents),
    coupon_code,
    fee_amount: decimal(order.fee_cents),
    net_amount: decimal(order.net_cents),
    refunded_amount: decimal(order.refunded_cents),
    currency: currency.toUpperCase(),
    product_name,
    variant_id,
    ...{ order_reference, customer_email, customer_name, metadata },
    return_url: order.success_url,
    ...{ cancel_url, webhook_url, failure_code, is_test, created_at, expires_at, completed_at },
  }
}

type Fields = Record<string, unknown>

const asked = NewOrder.shape

const NewPayment = z.object({
  amount: Decimal.optional()
    .describe(
      '0.50 to 50000.00 in usd, as a number or a text; required unless variant_id is there, beside which it is ignored',
    )
    .meta({ examples: [29.99] }),
  currency: asked.currency.describe('Of the amount: ISO 4217 code, usd unless said'),
  variant_id: asked.variant_id,
  product_name: asked.product_name,
  order_reference: asked.order_reference,
  customer_email: asked.customer_email,
  customer_name: asked.customer_name,
  coupon_code: asked.coupon_code,
  return_url: asked.success_url,
  success_url: asked.success_url.describe('Alias of return_url'),
  cancel_url: asked.cancel_url,
  webhook_url: asked.webhook_url,
  metadata: asked.metadata,
  testMode: z
    .boolean()
    .optional()
    .describe('true: a test order, also with a live key. Test cards pay it, and no money moves'),
})

/** The variant fixes the price, so that an amount beside it is ignored. */
function toNewOrder(sent: Fields, request: RestRequest): Fields {
  const { amount: _, currency, product_name, return_url, success_url, testMode, ...fields } = filled(sent)
  const order = { ...fields, success_url: return_url ?? success_url, mode: modeOf(testMode) }
  if (fields.variant_id !== undefined) return order
  const known = Currency.safeParse(currency ?? 'usd')
  // The operation says what is wrong with a currency.
  if (!known.success) return { ...order, amount_cents: 0, currency }
  return { ...order, amount_cents: readAmount(request, known.data), currency: known.data, product_name }
}

/** Only a boolean: a text that says "true" and was taken for a live order would cost somebody money. */
function modeOf(testMode: unknown): 'test' | undefined {
  if (testMode === undefined || testMode === false) return undefined
  if (testMode === true) return 'test'
  throw noBoolean('testMode')
}

const one: Extra = { toBody: (output) => toPayment(output as z.infer<typeof Order>), body: Payment }

const created: Extra = { ...one, input: NewPayment, adjust: toNewOrder }

/** A live key finds its test orders too, as the document's sellers have one key for both. */
const shown: Extra = { ...one, adjust: (fields) => ({ ...fields, mode: 'any' }) }

/** Not clamped: a limit out of range is a 400. */
const list: Extra = {
  input: z.object({
    status: OrderStatus.optional(),
    order_reference: OrderQuery.shape.order_reference,
    order_id: OrderQuery.shape.order_id,
    limit: OrderQuery.shape.limit.unwrap().default(50).describe('Results per page, 1 to 100'),
    offset: OrderQuery.shape.offset.unwrap().default(0).describe('How many to leave out'),
    is_test: z.boolean().optional().describe('Test orders only, or live ones only; leave out for both'),
  }),
  adjust: ({ is_test: isTest, ...fields }) => ({ limit: 50, offset: 0, ...fields, mode: seenMode(isTest) }),
  toBody: (output, { limit, offset }) => {
    const { orders, total } = output as z.infer<typeof OrderPage>
    return { orders: orders.map(toPayment), total: total ?? 0, limit, offset }
  },
  body: z.object({ orders: z.array(Payment), total: z.int(), limit: z.int(), offset: z.int() }),
}

function seenMode(isTest: unknown): Modes {
  if (isTest === undefined) return 'any'
  if (typeof isTest === 'boolean') return isTest ? 'test' : 'live'
  throw noBoolean('is_test')
}

const PaymentWithRefund = Payment.extend({
  refund_id: Refund.shape.id,
  refund_amount: Decimal.describe('What this refund gives back'),
  refund_status: Refund.shape.status,
  refund_reason: Refund.shape.reason,
})

const refunded: Extra = {
  input: z.object({
    amount: Decimal.optional().describe('Leave out to refund all that is left'),
    reason: z.string().optional().describe('Reason for the refund'),
  }),
  adjust: (sent, request) => {
    const { amount: _, reason } = filled(sent)
    return { ...request.params, reason, amount: refundAmount(request), mode: 'any' }
  },
  toBody: (output) => {
    const { order, id, amount_cents: cents, status, reason } = output as z.infer<typeof Refund>
    return {
      ...toPayment(order),
      refund_id: id,
      refund_amount: toDecimalNumber(BigInt(cents), order.currency),
      refund_status: status,
      refund_reason: reason,
    }
  },
  body: PaymentWithRefund,
}

/**
 * Undefined only where nothing speaks of an amount, since all of the order goes back then: not for the null that JSON makes of a
 * shop's NaN, nor for our own API's name, nor for a parameter of the URL. What is no decimal the operation refuses.
 */
function refundAmount(request: RestRequest): string | undefined {
  const { body, query } = request
  if (Object.hasOwn(body, 'amount_cents')) throw misplaced('amount_cents: send amount here, a decimal such as 19.99')
  if ('amount' in query || 'amount_cents' in query) throw misplaced('amount: send it in the body')
  if (!Object.hasOwn(body, 'amount')) return undefined
  return readDecimal(request, 'amount') ?? 'no decimal'
}

function misplaced(message: string) {
  return new AppError('invalid_request', message, { field: 'amount' })
}

const ORDERS = '/api/v1/orders'

const TABLE: readonly Line[] = [
  ['POST', ORDERS, 'orders.create', 201, created],
  ['GET', ORDERS, 'orders.list', 200, list],
  ['GET', `${ORDERS}/{id}`, 'orders.get', 200, shown],
  ['POST', `${ORDERS}/{id}/refund`, 'orders.refund', 200, refunded],
  ...COUPON_TABLE,
]
