/** Whose key is set; an empty one where nobody wants Stripe itself to be asked. Throws for a key that moves money. */
export function stripeItself(): { apiBase: string; secretKey: string } {
  const { STRIPE_TEST_KEY: secretKey = '', STRIPE_API_BASE: apiBase = 'https://api.stripe.com' } = process.env
  if (secretKey === '' || /^[sr]k_test_/.test(secretKey)) return { apiBase, secretKey }
  throw new Error('STRIPE_TEST_KEY must be a test key of Stripe')
}

/** Pays on Stripe's page without a browser, by the calls that Stripe's own CLI makes (`stripe trigger`); test keys only. */
export async function payAtStripe(stripe: { apiBase: string; secretKey: string }, page: string, amount: number) {
  const card = { type: 'card', 'card[token]': 'tok_visa', 'billing_details[name]': 'Jenny Rosen' }
  const { id } = await post(stripe, 'payment_methods', { ...card, 'billing_details[email]': 'stripe@example.com' })
  await post(stripe, `payment_pages/${page}/confirm`, { payment_method: String(id), expected_amount: String(amount) })
}

async function post(
  { apiBase, secretKey }: { apiBase: string; secretKey: string },
  path: string,
  form: Record<string, string>,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${apiBase}/v1/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${secretKey}`, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form),
  })
  const body = (await answer.json()) as Record<string, unknown>
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body.error)}`)
  return body
}
