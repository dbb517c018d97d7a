import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import type { JSX } from 'hono/jsx/jsx-runtime'
import type { Deps } from '../context'
import type { Env } from '../rest/adapter'
import type { Assets } from './assets'
import { type Frame, frameQuery } from './frame'
import { languageOf } from './language'
import { pageHeaders, type Reach } from './security'
import type { Visit } from './views/layout'

/** What the pages' middleware puts beside a request. */
export type PageEnv = Env & { Variables: { visit: Visit } }
export type PageContext = Context<PageEnv>

export function visitOf(request: Request, deps: Deps, assets: Assets, frame: Frame | null): Visit {
  return {
    ...languageOf(request.headers.get('accept-language') ?? undefined),
    style: assets.styles[frame?.theme ?? 'auto'],
    script: assets.script,
    frame,
    nonce: randomBytes(16).toString('base64'),
    basePath: basePathOf(deps),
  }
}

/** The path of PUBLIC_URL, which a proxy takes off before a request reaches us; mostly empty. */
function basePathOf(deps: Deps): string {
  return new URL(deps.publicUrl).pathname.replace(/\/+$/, '')
}

type SessionPage = 'challenge' | 'receipt' | 'coupon' | 'pay' | 'leave' | 'simulate'

/** Of a product, a session or a store, or of a page of its own. An embedded checkout stays within its own addresses. */
export function checkoutPath(visit: Visit, id: string, page?: SessionPage): string {
  const folder = visit.frame ? '/checkout/embed' : '/checkout'
  return `${visit.basePath}${folder}/${page ? `${id}/${page}` : id}${frameQuery(visit.frame)}`
}

/** The same address without one of its parameters. */
export function withoutParameter(address: string, name: string): string {
  const [path, query] = address.split('?')
  const rest = new URLSearchParams(query)
  rest.delete(name)
  return rest.size > 0 ? `${path}?${rest}` : `${path}`
}

export async function sendPage(
  c: PageContext,
  status: number,
  view: JSX.Element,
  reach: Reach = {},
): Promise<Response> {
  const body = `<!doctype html>${await view.toString()}`
  const { nonce, frame } = c.get('visit')
  const headers = { ...pageHeaders(nonce, reach, frame !== null), Vary: 'Accept-Language, Cookie' }
  return c.html(body, status as 200, headers)
}

/** 303: what follows is a GET, so that a reload never posts again. */
export function seeOther(c: PageContext, location: string): Response {
  c.header('Cache-Control', 'no-store')
  c.header('Referrer-Policy', 'same-origin')
  return c.redirect(location, 303)
}

/** The fields of a posted form. Anything but a form is one without fields, which the form's own checks answer. */
export async function readForm(c: PageContext): Promise<URLSearchParams> {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(c.req.header('content-type') ?? '')
  return new URLSearchParams(isForm ? await c.req.text() : '')
}
