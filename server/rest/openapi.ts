import { STATUS_CODES } from 'node:http'
import type { Hono } from 'hono'
import type * as z from 'zod'
import type { Deps } from '../context'
import type { Operation } from '../operations'
import { inQuery, type Route, type Surface } from './adapter'
import { type Dialect, type JsonSchema, sampleOf, toComponents, toJsonSchema } from './json-schema'
import { toWebhooks, webhookEntries } from './openapi-webhooks'
import type { Env } from './request'
import { errorStatusesOf, pascal, schemaNames } from './response-names'

type Json = Record<string, unknown>
type Entry = { surface: Surface; route: Route }
type Build = { dialect: Dialect; names: Map<z.ZodType, string>; schemas: Record<string, JsonSchema>; responses: Json }

/**
 * `/openapi.json`: OpenAPI 3.1 of our own API, every operation once. `/api/v1/schema/`: OpenAPI 3.0 of everything that
 * is documented elsewhere or lies below `/api`, the documented surfaces in their envelopes and our own operations beside them. Each is built at its first request.
 */
export function mountOpenApi(app: Hono<Env>, deps: Deps, operations: Operation[], surfaces: readonly Surface[]): void {
  const entries = surfaces.flatMap((surface) => surface.routes.map((route) => ({ surface, route })))
  const serveJson = (path: string, build: () => Json) => {
    let text: string | undefined
    app.get(path, (c) => {
      text ??= JSON.stringify(build())
      return c.body(text, 200, {
        'Content-Type': 'application/json; charset=utf-8',
        'Cache-Control': 'public, max-age=60',
        'X-Content-Type-Options': 'nosniff',
        'Access-Control-Allow-Origin': '*',
      })
    })
  }
  serveJson('/openapi.json', () => {
    const own = entries.filter(({ route }) => route.path === route.operation.rest.path)
    return buildDocument('3.1.0', own, operations, deps.publicUrl)
  })
  serveJson('/api/v1/schema', () => {
    const own = surfaces.at(-1)
    const below = entries.filter(({ surface, route }) => surface !== own || route.path.startsWith('/api/'))
    return buildDocument('3.0.3', below, operations, deps.publicUrl)
  })
}

const ABOUT =
  'Sell products with one call. Every operation here is also an MCP tool and a tRPC procedure with the same input and output. ' +
  'Amounts are integers of the smallest unit of their currency.'

export function buildDocument(
  version: '3.0.3' | '3.1.0',
  entries: readonly Entry[],
  operations: readonly Operation[],
  publicUrl: string,
): Json {
  const dialect = version === '3.0.3' ? 'openapi-3.0' : 'draft-2020-12'
  const names = schemaNames(operations, entries)
  // OpenAPI 3.0 has no words for requests that we make.
  const events = version === '3.1.0' ? webhookEntries() : []
  for (const { schema, name } of events) names.set(schema, name)
  const build: Build = { dialect, names, schemas: toComponents(names, dialect), responses: {} }
  const paths: Record<string, Json> = {}
  const ids = new Set<string>()
  for (const entry of entries) {
    const { path, method } = entry.route
    const item = toOperationObject(build, entry, uniqueId(ids, entry))
    paths[path] = { ...paths[path], [method.toLowerCase()]: item }
  }
  const webhooks = toWebhooks(events)
  const used = reachable(build.schemas, [paths, build.responses, webhooks])
  return {
    openapi: version,
    info: {
      title: 'Payhook',
      version: '1.0.0',
      description: ABOUT,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: [...new Set(entries.map(tagOf))].map((name) => ({ name })),
    paths,
    ...(events.length > 0 ? { webhooks } : {}),
    components: {
      schemas: used,
      responses: build.responses,
      parameters: { IdempotencyKey },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer sk_live_… or sk_test_…' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key in a header of its own' },
      },
    },
  }
}

const IdempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Repeat a call with the same key and input, and it runs once; the answer is replayed for 24 hours, marked Idempotency-Replayed: true.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function tagOf({ route }: Entry): string {
  return String(route.operation.path.split('.')[0])
}

/** The tool's name; where two surfaces show one operation, the later one's carries its surface's. */
function uniqueId(ids: Set<string>, { surface, route }: Entry): string {
  const { tool } = route.operation.meta
  const id = ids.has(tool) ? `${tool}_${surface.name.toLowerCase()}` : tool
  if (ids.has(id)) throw new Error(`two routes of ${surface.name} are ${id}`)
  ids.add(id)
  return id
}

function toOperationObject(build: Build, entry: Entry, operationId: string): Json {
  const { route } = entry
  const { meta, path } = route.operation
  const door = `MCP tool \`${meta.tool}\`, tRPC \`${path}\`.`
  const right = {
    public: 'Needs no key.',
    operator: "Needs the operator's key.",
    scope: `Needs the scope \`${meta.scope}\`.`,
  }[meta.scope === 'public' || meta.scope === 'operator' ? meta.scope : 'scope']
  const { parameters, body } = toRequest(build, entry)
  return {
    operationId,
    tags: [tagOf(entry)],
    summary: meta.title,
    description: `${meta.summary}\n\n${right} ${door}`,
    ...(meta.scope === 'public' ? { security: [] } : {}),
    parameters: route.operation.isReadOnly
      ? parameters
      : [...parameters, { $ref: '#/components/parameters/IdempotencyKey' }],
    ...(body ? { requestBody: body } : {}),
    responses: toResponses(build, entry),
  }
}

/** Splits the operation's input into what the path, the query and the body carry. */
export function splitInput(route: Route, dialect: Dialect) {
  const schema = toJsonSchema(route.input ?? route.operation.input, 'input', dialect)
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]))
  const rest = Object.entries(schema.properties ?? {}).filter(([name]) => !inPath.includes(name))
  const required = (schema.required ?? []).filter((name) => !inPath.includes(name))
  const pathFields = inPath.map((name) => [name, schema.properties?.[name] ?? { type: 'string' }] as const)
  const own = { ...schema, properties: Object.fromEntries(rest) } as JsonSchema
  delete own.required
  if (required.length > 0) own.required = required
  return { pathFields, own, required, isEmpty: rest.length === 0 }
}

function toRequest(build: Build, { surface, route }: Entry) {
  const { pathFields, own, required, isEmpty } = splitInput(route, build.dialect)
  const parameter = (where: string, name: string, { description, ...schema }: JsonSchema, isRequired: boolean) => ({
    name,
    in: where,
    required: isRequired,
    ...(description ? { description } : {}),
    schema,
    ...(schema.type === 'array' ? { style: 'form', explode: false } : {}),
  })
  const parameters: Json[] = pathFields.map(([name, schema]) => parameter('path', name, schema, true))
  if (isEmpty) return { parameters, body: undefined }
  if (inQuery(route.method)) {
    for (const [name, schema] of Object.entries(own.properties ?? {})) {
      parameters.push(parameter('query', name, schema, required.includes(name)))
    }
    return { parameters, body: undefined }
  }
  // A documented surface ignores fields that it doesn't know; our own API refuses them.
  if (!isOwn(route)) delete own.additionalProperties
  const name = freeName(build.schemas, `${pascal(route.operation.meta.tool)}Request`, surface)
  build.schemas[name] = own
  const content = { 'application/json': { schema: ref(name), example: sampleOf(own) } }
  return { parameters, body: { required: required.length > 0, content } }
}

function isOwn(route: Route): boolean {
  return route.path === route.operation.rest.path || route.path === `/api${route.operation.rest.path}`
}

function freeName(schemas: Record<string, JsonSchema>, name: string, surface: Surface): string {
  return name in schemas ? `${name}${pascal(surface.name)}` : name
}

function toResponses(build: Build, entry: Entry): Json {
  const { route, surface } = entry
  const body = route.body ?? route.operation.output
  const name = build.names.get(body)
  if (!name) throw new Error(`the answer of ${route.path} has no name`)
  const example = sampleOf(toJsonSchema(body, 'output'), true)
  const responses: Json = {
    [route.status]: {
      description: route.operation.meta.title,
      content: { 'application/json': { schema: ref(name), example } },
    },
  }
  for (const status of errorStatusesOf(surface, route.operation))
    responses[status] = errorResponse(build, surface, status)
  return responses
}

function errorResponse(build: Build, surface: Surface, status: number): Json {
  const schema = build.names.get(surface.errorBody)
  if (!schema) throw new Error(`errors of ${surface.name} have no name`)
  const name = `${schema}${status}`
  build.responses[name] ??= {
    description: STATUS_CODES[status] ?? String(status),
    content: { 'application/json': { schema: ref(schema) } },
  }
  return { $ref: `#/components/responses/${name}` }
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

/** The schemas that the roots refer to, directly or through each other, by name. */
function reachable(schemas: Record<string, JsonSchema>, roots: unknown): Record<string, JsonSchema> {
  const found = new Set<string>()
  const visit = (value: unknown) => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (!name || found.has(name)) continue
      found.add(name)
      visit(schemas[name])
    }
  }
  visit(roots)
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => found.has(name)))
}
