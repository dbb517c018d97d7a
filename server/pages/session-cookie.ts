import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { StoreContext } from '../context'
import { newSessionId, parseSessionId } from '../kernel/ids'

type Sold = { ctx: StoreContext }

/**
 * A buyer's session of one product or link. The cookie makes reload, back and two tabs share one session, and one session can be
 * charged once; the hidden field of the form stands in where cookies are off.
 */
const COOKIE = 'payhook_session'
const HOUR_SECONDS = 3_600

/** The session that this browser holds for what is sold, if it is one of its store and mode. */
export function heldSession(c: Context, sale: Sold, cookie = COOKIE): string | undefined {
  return fitting(getCookie(c, cookie), sale)
}

/** The session of a posted form: the cookie's, where there may be one, else the form's, else a new one. */
export function postedSession(c: Context, form: URLSearchParams, sale: Sold, cookie: string | null = COOKIE): string {
  const held = cookie === null ? undefined : heldSession(c, sale, cookie)
  return held ?? fitting(form.get('session') ?? undefined, sale) ?? mintSession(sale)
}

/** A new session costs nothing: its order is made when the form is posted. */
export function mintSession({ ctx }: Sold): string {
  return newSessionId(ctx.storeId, ctx.isTest)
}

/**
 * `path` is the product's checkout, so that two products never share a session. All links of a store have one path: each has a
 * cookie of its own.
 */
export function holdSession(c: Context, sessionId: string, path: string, secure: boolean, cookie = COOKIE): void {
  setCookie(c, cookie, sessionId, { path, httpOnly: true, sameSite: 'Lax', secure, maxAge: HOUR_SECONDS })
}

function fitting(sessionId: string | undefined, { ctx }: Sold): string | undefined {
  const parsed = parseSessionId(sessionId ?? '')
  return parsed?.store === ctx.storeId && parsed.isTest === ctx.isTest ? sessionId : undefined
}
