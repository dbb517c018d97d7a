import type { Deps } from '../context'
import { type Returning, readOnboardingToken } from '../domain/connections/links'
import { platformOf } from '../domain/connections/platform'
import { refreshConnection } from '../domain/connections/refresh'
import { newLink } from '../domain/connections/service'
import type { ConnectionRow } from '../domain/connections/table'
import { hasQuestions } from '../domain/connections/view'
import { getStore } from '../domain/stores/service'
import { type PageContext, seeOther } from './page'
import { samePage, sendState } from './states'

/*
 * Where sellers come back to from Stripe's questions. They have no key with them: the address is signed, and good for a day.
 */

/** `GET /connect/…/return`: how far the seller is, as Stripe says it now. */
export async function showConnection(c: PageContext, deps: Deps, token: string): Promise<Response> {
  const returning = await readOnboardingToken(deps, token)
  if (!returning) return sendOver(c)
  const { ctx, connection } = returning
  try {
    return await sendConnection(c, ctx, await refreshConnection(ctx, connection))
  } catch (error) {
    return sendUnanswered(c, returning, error)
  }
}

/** `GET /connect/…/refresh`: Stripe sends the seller here when a link is used up; the next one leads on. */
export async function continueOnboarding(c: PageContext, deps: Deps, token: string): Promise<Response> {
  const returning = await readOnboardingToken(deps, token)
  if (!returning) return sendOver(c)
  const { ctx, connection } = returning
  const at = platformOf(ctx)
  try {
    const row = await refreshConnection(ctx, connection)
    if (!at || row.account === null || !hasQuestions(row)) return await sendConnection(c, ctx, row)
    return seeOther(c, (await newLink(ctx, at, row)).url)
  } catch (error) {
    return sendUnanswered(c, returning, error)
  }
}

async function sendConnection(c: PageContext, ctx: Returning['ctx'], row: ConnectionRow): Promise<Response> {
  const { connect } = c.get('visit').texts
  const store = await getStore(ctx, ctx.storeId)
  const asks = row.account !== null && row.status !== 'deauthorized' && hasQuestions(row)
  const href = samePage(c).replace(/\/\w+$/, '/refresh')
  const action = asks ? { label: connect.action, href } : undefined
  return sendState(c, 200, { ...saidOf(c, row), store, isTest: ctx.isTest, action })
}

function saidOf(c: PageContext, row: ConnectionRow): { title: string; text: string } {
  const { active, onboarding, restricted, ended } = c.get('visit').texts.connect
  const asks = hasQuestions(row)
  switch (row.status) {
    case 'active':
      return { title: active.title, text: asks ? active.more : active.text }
    case 'restricted':
      if (row.disabledReason?.startsWith('rejected')) return { title: restricted.title, text: restricted.rejected }
      return { title: restricted.title, text: asks ? restricted.more : restricted.text }
    case 'onboarding':
      return onboarding
    case 'deauthorized':
    case 'not_connected':
      return ended
  }
}

function sendOver(c: PageContext): Promise<Response> {
  return sendState(c, 410, c.get('visit').texts.connect.over)
}

function sendUnanswered(c: PageContext, { ctx }: Returning, error: unknown): Promise<Response> {
  ctx.log.warn({ err: error }, 'the gateway did not answer a seller who came back from it')
  const { title, text, action } = c.get('visit').texts.connect.unanswered
  return sendState(c, 502, { title, text, isTest: ctx.isTest, action: { label: action, href: samePage(c) } })
}
