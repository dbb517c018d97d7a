import { createHash, randomUUID } from 'node:crypto'
import type { Deps, RequestContext } from '../context'
import { MOST_TOPUP_CENTS, type NewTopup, Topup } from '../domain/billing/schema'
import { AppError } from '../kernel/errors'
import { NETWORK_FACTS } from '../kernel/networks'
import type { BillingSettings } from '../kernel/plans'
import type { Operation } from '../operations'
import { addressOf } from '../rest/request'
import { type PageContext, readForm, seeOther, sendPage } from './page'
import { samePage, sendState } from './states'
import { type Limits, readTopup, refillTopup, shownCents, type TopupProblem, type TopupWish } from './topup-form'
import { TopupPage, type TopupQuestion } from './views/topup'

/*
 * Where answers, events and e-mails send a merchant whose balance is low. Whoever tops up has no session here: the key in the form is
 * their way in, and goes to the operation that every door has, with its checks.
 */

const CENT_MINOR = 10_000n

/** `GET /topup`. */
export async function showTopup(c: PageContext, deps: Deps): Promise<Response> {
  const { billing } = deps.config
  return billing ? sendForm(c, billing, {}) : sendOff(c)
}

/** `POST /topup`: makes the top-up, and goes on to the page that its payment has. */
export async function makeTopup(c: PageContext, deps: Deps, create: Operation): Promise<Response> {
  const { billing } = deps.config
  if (!billing) return sendOff(c)
  const fields = await readForm(c)
  const once = onceOf(fields)
  const filled = refillTopup(fields)
  const { wish, problems } = readTopup(fields, c.get('visit').texts.topup, limitsOf(c, billing))
  if (!wish) return sendForm(c, billing, { once, filled, problems }, 422)
  try {
    return seeOther(c, await payPageOf(c, deps, create, wish, once))
  } catch (error) {
    const refusal = error instanceof AppError ? refusalOf(c, error, wish) : undefined
    if (!refusal) throw error
    const { status, ...said } = refusal
    return sendForm(c, billing, { once, filled, ...said }, status)
  }
}

/** The path of the page to pay on. It is ours, under whichever name the merchant has come. */
async function payPageOf(c: PageContext, deps: Deps, create: Operation, wish: TopupWish, once: string) {
  const { apiKey, cents, network } = wish
  const ctx: RequestContext = {
    ...deps,
    request: {
      id: c.get('requestId'),
      door: 'page',
      apiKey,
      // Of the form as it was sent: another amount is another top-up.
      idempotencyKey: createHash('sha256').update(`topup ${once} ${cents} ${network}`).digest('hex'),
      address: addressOf(c),
    },
    reply: { replayed: false },
  }
  const input: NewTopup = { amount_usd_cents: cents, network }
  const { checkout_url } = Topup.parse(await create.call(ctx, input))
  return new URL(checkout_url).pathname
}

function onceOf(fields: URLSearchParams): string {
  const posted = fields.get('once') ?? ''
  return /^[0-9a-f-]{36}$/.test(posted) ? posted : randomUUID()
}

type Said = Partial<Pick<TopupQuestion, 'once' | 'filled' | 'problems' | 'notice'>>

function sendForm(c: PageContext, billing: BillingSettings, said: Said, status = 200): Promise<Response> {
  const { leastCents, locale } = limitsOf(c, billing)
  const page = (
    <TopupPage
      visit={c.get('visit')}
      action={samePage(c).split('?')[0] ?? ''}
      once={said.once ?? randomUUID()}
      least={shownCents(leastCents, locale)}
      filled={said.filled ?? { amount: '', network: '' }}
      problems={said.problems ?? []}
      notice={said.notice ?? null}
    />
  )
  return sendPage(c, status, page)
}

function limitsOf(c: PageContext, { smallestTopupMinor }: BillingSettings): Limits {
  return {
    leastCents: (smallestTopupMinor + CENT_MINOR - 1n) / CENT_MINOR,
    mostCents: BigInt(MOST_TOPUP_CENTS),
    locale: c.get('visit').locale,
  }
}

type Refusal = { status: number; problems?: TopupProblem[]; notice?: TopupQuestion['notice'] }

/** What the operation said, in words for this form; undefined for what nobody expected. */
function refusalOf(c: PageContext, error: AppError, { network }: TopupWish): Refusal | undefined {
  const { problems: words, notices } = c.get('visit').texts.topup
  const { title } = NETWORK_FACTS[network]
  const at = (status: number, field: TopupProblem['field'], text: string): Refusal => ({
    status,
    problems: [{ field, words: text }],
  })
  switch (error.code) {
    case 'unauthorized':
      return at(422, 'key', words.key_unknown)
    case 'missing_scope':
      return at(422, 'key', words.key_refused)
    case 'network_not_enabled':
      return at(422, 'network', words.network_off(title))
    case 'topup_unavailable':
      return error.field === 'network'
        ? at(503, 'network', words.network_busy(title))
        : { status: 503, notice: notices.no_receiver }
    case 'account_not_approved':
      return { status: 403, notice: notices.not_approved }
    case 'rate_unavailable':
      return { status: 503, notice: notices.no_price }
    case 'idempotency_in_flight':
      return { status: 409, notice: notices.under_way }
    default:
      return undefined
  }
}

function sendOff(c: PageContext): Promise<Response> {
  const visit = c.get('visit')
  const { title, text, action } = visit.texts.topup.off
  return sendState(c, 404, { title, text, action: { label: action, href: `${visit.basePath}/docs#billing` } })
}
