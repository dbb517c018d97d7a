import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Stripe from 'stripe'
import type { Clock } from '../../../server/kernel/clock'
import { type Account, createAccount } from './account'
import { createIdempotency, type StripeAnswer } from './idempotency'
import { answerPage } from './page'
import { invalid, StripeRefusal } from './refusal'
import { route } from './routes'
import { createWebhooks, type Webhooks } from './webhooks'

/** How one request goes wrong: before Stripe acts, after it acted, or by one of its own answers. */
export type Trouble = 'cut_before' | 'cut_after' | 'busy' | 'broken' | 'broken_after' | 'silent' | 'silent_after'

export type StripeRequest = { method: string; path: string; form: string; idempotencyKey: string | undefined }

export type FakeStripe = {
  url: string
  secretKey: string
  webhookSecret: string
  /** Of what happens in connected accounts. */
  connectSecret: string
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
  const connectSecret = `whsec_${'connect'.padEnd(32, 'x')}`
  const webhooks = createWebhooks(clock, { secret: webhookSecret, connectSecret }, random)
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const account = createAccount(clock, url, livemode, webhooks)
  const idempotency = createIdempotency(clock)
  const requests: StripeRequest[] = []
  const fake: FakeStripe = {
    ...{ url, secretKey, webhookSecret, connectSecret, account, webhooks, requests },
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
    const [, page] = /^\/c\/pay\/(cs_\w+)$/.exec(pathname) ?? []
    if (page !== undefined) {
      const { status, body, location } = answerPage(account, method, page, form)
      response.writeHead(status, {
        'Content-Type': 'text/html; charset=utf-8',
        ...(location && { Location: location }),
      })
      return void response.end(body)
    }
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
    if (trouble === 'silent_after') return
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
  // Without one the account's own version counts, which is this one.
  const version = headers['stripe-version'] ?? Stripe.API_VERSION
  if (version !== Stripe.API_VERSION) return refused(invalid('Invalid Stripe API version'))
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
