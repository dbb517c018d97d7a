import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { ProductForSale } from '../domain/payments/checkout'
import { newSessionId, parseSessionId } from '../kernel/ids'

/**
 * A buyer's session of one product. The cookie makes reload, back and two tabs share one session, and one session can be
 * charged once; the hidden field of the form stands in where cookies are off.
 */
const COOKIE = 'payhook_session'
const HOUR_SECONDS = 3_600

/** The session that this browser holds for the product, if it is one of the product's store and mode. */
export function heldSession(c: Context, sale: ProductForSale): string | undefined {
  return fitting(getCookie(c, COOKIE), sale)
}

/** The session of a posted form: the cookie's, else the form's, else a new one. */
export function postedSession(c: Context, form: URLSearchParams, sale: ProductForSale): string {
  return heldSession(c, sale) ?? fitting(form.get('session') ?? undefined, sale) ?? mintSession(sale)
}

/** A new session costs nothing: its order is made when the form is posted. */
export function mintSession({ ctx }: ProductForSale): string {
  return newSessionId(ctx.storeId, ctx.isTest)
}

/** `path` is the product's checkout, so that two products never share a session. */
export function holdSession(c: Context, sessionId: string, path: string, secure: boolean): void {
  setCookie(c, COOKIE, sessionId, { path, httpOnly: true, sameSite: 'Lax', secure, maxAge: HOUR_SECONDS })
}

function fitting(sessionId: string | undefined, { ctx }: ProductForSale): string | undefined {
  const parsed = parseSessionId(sessionId ?? '')
  return parsed?.store === ctx.storeId && parsed.isTest === ctx.isTest ? sessionId : undefined
}
