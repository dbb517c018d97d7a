import * as z from 'zod'
import { AddedAddresses, ReceiveAddress } from '../domain/addresses/schema'
import type { AppError, ErrorCode } from '../kernel/errors'
import type { Operation } from '../operations'
import type { Surface } from './adapter'
import { documentedRoutes, type Extra, type Line } from './documented'

/** Document B: crypto payments, the addresses they are paid to, and what they cost the merchant. An error has one of three shapes. */
export function cryptoSurface(operations: Operation[]): Surface {
  return { name: 'B', routes: documentedRoutes(operations, TABLE), toErrorBody, errorBody: Failure }
}

const Failure = z
  .object({
    errors: z.record(z.string(), z.array(z.string())).optional().describe('What is wrong with fields, by their names'),
    error: z.string().optional().describe('What the service refuses, for people'),
    code: z.string().optional().describe('The same for programs, such as all_addresses_held'),
    detail: z.string().optional().describe('Anything else, such as a missing key or an unknown number'),
  })
  .describe('One of {errors}, {error, code} and {detail}')

/** The document's own names of errors. */
const DOCUMENTED: Partial<Record<ErrorCode, string>> = { no_address_configured: 'NoAddressConfiguredError' }

/** Errors of the request rather than of the service. */
const DETAILS: readonly number[] = [401, 403, 404, 405, 413, 415, 429, 500]

function toErrorBody({ code, message, field, status }: AppError): z.infer<typeof Failure> {
  if (code === 'invalid_request' && field !== undefined) {
    const words = message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message
    return { errors: { [field]: [words] } }
  }
  // Whoever asks learns nothing of what other merchants have.
  if (status === 404) return { detail: 'Not found.' }
  if (DETAILS.includes(status) || code === 'malformed_json' || code === 'invalid_request') return { detail: message }
  return { error: message, code: DOCUMENTED[code] ?? code }
}

/** One address is answered bare, several in a list. */
const added: Extra = {
  toBody: (output, { address }) => {
    const { addresses } = output as z.infer<typeof AddedAddresses>
    return address === undefined ? { addresses } : addresses[0]
  },
  body: z.union([ReceiveAddress, AddedAddresses]),
}

const PAYMENTS = '/api/v1/payments'
const ADDRESSES = '/api/v1/addresses'
const BILLING = '/api/v1/billing'

const TABLE: readonly Line[] = [
  ['POST', PAYMENTS, 'payments.create', 201, {}],
  ['GET', PAYMENTS, 'payments.list', 200, {}],
  ['GET', `${PAYMENTS}/{payment_number}`, 'payments.get', 200, {}],
  ['POST', `${PAYMENTS}/{payment_number}/cancel`, 'payments.cancel', 200, {}],
  ['POST', `${PAYMENTS}/{payment_number}/simulate`, 'payments.simulate', 200, {}],
  ['POST', ADDRESSES, 'addresses.add', 201, added],
  ['GET', ADDRESSES, 'addresses.list', 200, {}],
  ['GET', `${ADDRESSES}/{id}`, 'addresses.get', 200, {}],
  ['PATCH', `${ADDRESSES}/{id}`, 'addresses.update', 200, {}],
  ['DELETE', `${ADDRESSES}/{id}`, 'addresses.remove', 200, {}],
  ['GET', BILLING, 'billing.get', 200, {}],
  ['GET', `${BILLING}/plans`, 'billing.plans', 200, {}],
  ['GET', `${BILLING}/usage`, 'billing.usage', 200, {}],
  ['POST', `${BILLING}/subscribe`, 'billing.subscribe', 200, {}],
  ['POST', `${BILLING}/overage`, 'billing.set_overage', 200, {}],
  ['GET', `${BILLING}/invoices`, 'billing.list_invoices', 200, {}],
  ['POST', `${BILLING}/topups`, 'billing.create_topup', 201, {}],
  ['GET', `${BILLING}/topups`, 'billing.list_topups', 200, {}],
  ['GET', `${BILLING}/topups/{id}`, 'billing.get_topup', 200, {}],
  ['POST', `${BILLING}/simulate`, 'billing.simulate', 200, {}],
]
