import { idOf } from './ids'
import { missing } from './refusal'

/** What a buyer pays with. `delayed` settles days later, as a bank debit does. */
export type Means = { brand: string; last4: string } | 'delayed'

export const VISA: Means = { brand: 'visa', last4: '4242' }

/** `ends`: how the bank decides on a delayed one. `token`: of Stripe's test data, what else happens to a charge. */
export type Method = { means: Means; ends: boolean | null; token: string }

/** Things to sell and means to pay that Stripe keeps for later. */
export function createCatalogue() {
  const prices = new Map<string, { unit_amount: number; currency: string }>()
  const methods = new Map<string, Method>()
  return {
    addProduct: (facts: object) => ({ id: idOf('prod'), object: 'product', ...facts }),
    addPrice: (facts: { product: string; unit_amount: number; currency: string }) => {
      const id = idOf('price')
      prices.set(id, facts)
      return { id, object: 'price', ...facts }
    },
    getPrice: (id: string) => {
      const found = prices.get(id)
      if (!found) throw missing('price', id)
      return found
    },
    addMethod: (facts: Method) => {
      const id = idOf('pm')
      methods.set(id, facts)
      return { id, object: 'payment_method' }
    },
    getMethod: (id: string) => {
      const found = methods.get(id)
      if (!found) throw missing('payment_method', id)
      return found
    },
  }
}
