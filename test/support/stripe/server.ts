import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Stripe from 'stripe'
import type { Clock } from '../../../server/kernel/clock'
import { type Account, createAccount } from './account'
import { expandAll } from './expand'
import { createIdempotency, type StripeAnswer } from './idempotency'
import { PARAMETERS, readParameters } from './parameters'
import { invalid, StripeRefusal } from './refusal'
import { createWebhooks, type Webhooks } from './webhooks'

/** How one request goes wrong: before Stripe acts, after it acted, or by one of its own answers. */
export type Trouble = 'cut_before' | 'cut_after' | 'busy' | 'broken' | 'broken_after' | 'silent'

export type StripeRequest = { method: string; path: string; form: string; idempotencyKey: string | undefined }

export type FakeStripe = {
  url: string
  secretKey: string
  webhookSecret: string
  account: Account
  webhooks: Webhooks
  /** All requests that came, refused ones too. */
  requests: StripeRequest[]
  /** Asked for each request; undefined lets it pass. */
  trouble: (request: StripeRequest) => Trouble | undefined
  close(): Promise<void>
}

export type FakeStripeOptions = { clock: Clock; livemode?: boolean; random?: () => number; port?: number }

/**
 * Stripe as far as it is used here, over real HTTP: keeps state, checks every request strictly, remembers idempotency keys, and tells
 * by signed webhooks. Written from Stripe's documentation; where that says nothing, from what its official client expects.
 */
export async function startStripe({
  clock,
  livemode = false,
  random,
  port = 0,
}: FakeStripeOptions): Promise<FakeStripe> {
  const secretKey = `sk_${livemode ? 'live' : 'test'}_${'51fake'.padEnd(40, 'x')}`
  const webhookSecret = `whsec_${'fake'.padEnd(32, 'x')}`
  const webhooks = createWebhooks(clock, webhookSecret, random)
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const account = createAccount(clock, url, livemode, webhooks.take)
  const idempotency = createIdempotency(clock)
  const requests: StripeRequest[] = []
  const fake: FakeStripe = {
    ...{ url, secretKey, webhookSecret, account, webhooks, requests },
    trouble: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request
    const { pathname, search } = new URL(request.url ?? '/', url)
    const form = method === 'GET' ? search.slice(1) : await text(request)
    const key = headers['idempotency-key']
    const asked = { method, path: pathname, form, idempotencyKey: typeof key === 'string' ? key : undefined }
    requests.push(asked)
    const trouble = fake.trouble(asked)
    if (trouble === 'silent') return
    if (trouble === 'cut_before') return void request.socket.destroy()
    const answer =
      failureOf(trouble) ??
      refusalOfHeaders(request, secretKey) ??
      idempotency.run(asked, () => act(account, asked, trouble))
    if (trouble === 'cut_after') return void request.socket.destroy()
    const text_ = JSON.stringify(answer.body)
    response.writeHead(answer.status, {
      'Content-Type': 'application/json',
      'Request-Id': `req_${requests.length}`,
      'Stripe-Version': Stripe.API_VERSION,
      ...answer.headers,
    })
    response.end(text_)
  }

  return fake
}

function failureOf(trouble: Trouble | undefined): StripeAnswer | undefined {
  if (trouble === 'busy')
    return refused(
      new StripeRefusal(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' }),
    )
  return trouble === 'broken' ? broken() : undefined
}

function broken(): StripeAnswer {
  return refused(new StripeRefusal(500, { type: 'api_error', message: 'Something is wrong on our side' }))
}

function refusalOfHeaders({ headers, method }: IncomingMessage, secretKey: string): StripeAnswer | undefined {
  if (headers.authorization !== `Bearer ${secretKey}`) {
    return refused(new StripeRefusal(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' }))
  }
  if (headers['stripe-version'] !== Stripe.API_VERSION) return refused(invalid('Invalid Stripe API version'))
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  return method === 'POST' && !isForm ? refused(invalid('Invalid request: a form is expected')) : undefined
}

/** Every answer of the API but those about idempotency. */
function act(account: Account, { method, path, form }: StripeRequest, trouble?: Trouble): StripeAnswer {
  try {
    const body = route(account, method, path, form)
    // It was done, and Stripe says that it broke: that is the answer to this key for a day.
    return trouble === 'broken_after' ? broken() : { status: 200, body }
  } catch (error) {
    if (error instanceof StripeRefusal) return refused(error)
    throw error
  }
}

function refused({ status, body }: StripeRefusal): StripeAnswer {
  return { status, body: { error: body } }
}

function route(account: Account, method: string, path: string, form: string): object {
  const match = /^\/v1\/(checkout\/sessions|payment_intents|charges|refunds|disputes)(?:\/(\w+))?(?:\/(\w+))?$/.exec(
    path,
  )
  const [, kind, id, action] = match ?? []
  switch (`${method} ${kind}${id ? '/id' : ''}${action ? `/${action}` : ''}`) {
    case 'POST checkout/sessions':
      return createSession(account, form)
    case 'GET checkout/sessions':
      return listSessions(account, form)
    case 'POST checkout/sessions/id/expire': {
      const { expand } = readParameters(PARAMETERS.expandOnly, form)
      return expandAll(account, account.expireSession(id ?? ''), expand)
    }
    case 'POST refunds': {
      const { expand, ...asked } = readParameters(PARAMETERS.refundCreate, form)
      return expandAll(account, account.refund(asked), expand)
    }
    case 'GET refunds': {
      const { payment_intent, limit = 10 } = readParameters(PARAMETERS.refundList, form)
      const found = [...account.refunds.values()].reverse()
      return listOf(
        found.filter((one) => !payment_intent || one.payment_intent === payment_intent),
        limit,
        path,
      )
    }
    case 'GET checkout/sessions/id':
    case 'GET payment_intents/id':
    case 'GET charges/id':
    case 'GET refunds/id':
    case 'GET disputes/id':
      return retrieve(account, id ?? '', form)
    default:
      throw new StripeRefusal(404, {
        type: 'invalid_request_error',
        message: `Unrecognized request URL (${method}: ${path}).`,
      })
  }
}

function retrieve(account: Account, id: string, form: string): object {
  const { expand } = readParameters(PARAMETERS.expandOnly, form)
  const found = account.find(id)
  if (!found)
    throw new StripeRefusal(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: `No such object: '${id}'`,
    })
  return expandAll(account, found, expand)
}

function createSession(account: Account, form: string): object {
  const { expand, ...asked } = readParameters(PARAMETERS.sessionCreate, form)
  const [first] = asked.line_items
  const { price_data: price } = first ?? {}
  if (!first || !price || asked.line_items.length !== 1) throw invalid('One line item is what is known here')
  const intent = asked.payment_intent_data
  const session = account.openSession({
    amount: price.unit_amount * first.quantity,
    ...{ currency: price.currency, email: asked.customer_email, reference: asked.client_reference_id },
    ...{ metadata: asked.metadata ?? {}, intentMetadata: intent?.metadata ?? {}, description: intent?.description },
    ...{ expiresAt: asked.expires_at, successUrl: asked.success_url, cancelUrl: asked.cancel_url },
    ...{ applicationFee: intent?.application_fee_amount, destination: intent?.transfer_data?.destination },
  })
  return expandAll(account, session, expand)
}

function listSessions(account: Account, form: string): object {
  const { payment_intent, status, limit = 10 } = readParameters(PARAMETERS.sessionList, form)
  const found = [...account.sessions.keys()].reverse().map((id) => account.getSession(id))
  const fitting = found.filter(
    (one) => (!payment_intent || one.payment_intent === payment_intent) && (!status || one.status === status),
  )
  return listOf(fitting, limit, '/v1/checkout/sessions')
}

function listOf(found: readonly object[], limit: number, url: string): object {
  return { object: 'list', data: found.slice(0, limit), has_more: found.length > limit, url }
}
