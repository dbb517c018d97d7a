import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Hono } from 'hono'
import { compress } from 'hono/compress'
import { etag } from 'hono/etag'
import { secureHeaders } from 'hono/secure-headers'
import type { Deps } from '../../context'
import type { Operation } from '../../operations'
import { testCardsOf } from '../../ports/gateway'
import type { Env } from '../request'
import { EXPLORER_SCRIPT, ExplorerPage } from './explorer'
import { DocsPage } from './page'
import { STYLE } from './style'

const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`

/** Of both pages: nothing from elsewhere, in nobody's frame. */
const LOCKED = {
  defaultSrc: ["'none'"],
  imgSrc: ["'self'", 'data:'],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

/** swagger-ui-dist writes style attributes, and reads the document from where the page came from. */
const EXPLORER_POLICY = {
  ...LOCKED,
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  connectSrc: ["'self'"],
}

/** Whether a host is reached by https only is for who runs the proxy to say. */
const headers = (contentSecurityPolicy: typeof LOCKED & { styleSrc: string[] }) =>
  secureHeaders({ contentSecurityPolicy, strictTransportSecurity: false })

/** `/docs`: our own page, readable offline and without script. `/docs/api`: Swagger UI on `/openapi.json`. */
export function mountDocs(app: Hono<Env>, deps: Deps, operations: readonly Operation[]): void {
  let page: string | undefined
  app.get('/docs', compress(), etag(), headers({ ...LOCKED, styleSrc: [STYLE_HASH] }), (c) => {
    page ??= `<!doctype html>${<DocsPage publicUrl={deps.publicUrl} testCards={testCardsOf(deps.gateways.test)} operations={operations} />}`
    return c.html(page)
  })
  app.get('/docs/api', headers(EXPLORER_POLICY), (c) => c.html(`<!doctype html>${<ExplorerPage assets={ASSETS} />}`))
  for (const [name, type, read] of FILES) {
    let text: string | undefined
    app.get(`${ASSETS}/${name}`, compress(), (c) => {
      text ??= read()
      return c.body(text, 200, {
        'Content-Type': type,
        'Cache-Control': 'public, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
      })
    })
  }
}

const SWAGGER = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
const { version } = JSON.parse(readFileSync(join(SWAGGER, 'package.json'), 'utf8')) as { version: string }

/** The version is in the path, so that the files may be cached for ever. */
const ASSETS = `/docs/api/${version}`

const fromSwagger = (name: string) => () => readFileSync(join(SWAGGER, name), 'utf8')
const FILES: readonly (readonly [name: string, type: string, read: () => string])[] = [
  ['swagger-ui.css', 'text/css; charset=utf-8', fromSwagger('swagger-ui.css')],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8', fromSwagger('swagger-ui-bundle.js')],
  ['explorer.js', 'text/javascript; charset=utf-8', () => EXPLORER_SCRIPT],
]
