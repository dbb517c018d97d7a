/** Where a button's checkout is: to be framed, and as a page of its own for where frames can't be. */
export type Addresses = { frame: URL; page: URL }

/** A checkout's parameters, and the attributes that set them, the first that is there. */
const PARAMETERS: readonly (readonly [parameter: string, ...attributes: string[]])[] = [
  ['amount', 'amount'],
  ['currency', 'currency'],
  ['variant_id', 'variant-id'],
  ['product', 'product'],
  ['coupon', 'coupon'],
  ['ref', 'reference', 'ref'],
  ['success_url', 'success-url', 'return-url'],
  ['cancel_url', 'cancel-url'],
  ['webhook_url', 'webhook-url'],
  ['testMode', 'test-mode'],
  ['theme', 'theme'],
]

/** Undefined when neither the element nor the script says which store. `folder` is our server's. */
export function addressesOf(element: Element, script: Element, folder: URL): Addresses | undefined {
  const read = (name: string) => element.getAttribute(`data-${name}`) ?? script.getAttribute(`data-${name}`)
  const store = read('store')
  if (!store) return undefined
  const page = new URL(`checkout/${encodeURIComponent(store)}`, folder)
  for (const [parameter, ...attributes] of PARAMETERS) {
    const value = attributes.map(read).find((one) => one !== null) ?? null
    if (value !== null) page.searchParams.set(parameter, meant(parameter, value))
  }
  const frame = new URL('checkout/embed', folder)
  frame.search = page.search
  frame.searchParams.set('store_id', store)
  frame.searchParams.set('dialog', '1')
  return { frame, page }
}

/** An address may be written as in a link, `/thanks`; `data-test-mode` may stand without a value. */
function meant(parameter: string, value: string): string {
  if (parameter === 'testMode') return value || 'true'
  if (!parameter.endsWith('_url') || !value) return value
  const link = document.createElement('a')
  link.href = value
  return link.href
}
