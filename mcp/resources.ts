import { readFileSync } from 'node:fs'
import {
  ProtocolError,
  ProtocolErrorCode,
  type Resource,
  ResourceNotFoundError,
  type ResourceTemplateType,
  type TextResourceContents,
} from '@modelcontextprotocol/server'
import type { Deps } from '../server/context'
import { AppError } from '../server/kernel/errors'
import type { Operation } from '../server/operations'
import type { Caller } from './caller'
import { inputSchemaOf } from './schemas'
import { requestContext, type Sight } from './tools'

export type Resources = {
  list(sight: Sight): Resource[]
  templates(sight: Sight): ResourceTemplateType[]
  /** Throws ResourceNotFoundError for what doesn't exist or belongs to another store. */
  read(uri: string, caller: Caller): Promise<TextResourceContents>
  /** Ids that begin so. None without a key that may list them. */
  complete(template: string, argument: string, value: string, caller: Caller): Promise<string[]>
}

/** A document that needs no key. */
type Document = { about: Resource; read: () => string | Promise<string> }

/** A query as a resource: `GET /v1/products/{id}` is `payhook://products/{id}`. */
type DataResource = { uri: string; pattern: RegExp; operation: Operation }

/** Reads the OpenAPI document, as JSON text. */
export type ReadOpenapi = () => Promise<string>

/**
 * What agents may read: two documents, and the answer of every query that needs nothing but what its path holds. The latter
 * follow from the operations, so that a new query is a resource without a word here.
 */
export function createResources(deps: Deps, operations: readonly Operation[], readOpenapi: ReadOpenapi): Resources {
  const documents = createDocuments(readOpenapi)
  const data = operations.filter(isReadable).map(toDataResource)
  const read = (operation: Operation, input: unknown, caller: Caller) =>
    operation.call(requestContext(deps, caller, { replayed: false }), input)
  const seen = (sight: Sight, isTemplate: boolean) =>
    data.filter(({ operation }) => sight.sees(operation) && operation.rest.params.length > 0 === isTemplate)
  return {
    list: (sight) => [
      ...documents.map(({ about }) => about),
      ...seen(sight, false).map(({ uri, operation }) => ({ uri, ...aboutQuery(operation) })),
    ],
    templates: (sight) =>
      seen(sight, true).map(({ uri, operation }) => ({ uriTemplate: uri, ...aboutQuery(operation) })),
    read: async (uri, caller) => {
      const document = documents.find(({ about }) => about.uri === uri)
      if (document) return { uri, mimeType: document.about.mimeType, text: await document.read() }
      const found = match(data, uri)
      if (!found) throw new ResourceNotFoundError(uri, `There is no resource ${uri}. resources/list names them.`)
      const output = await read(found.operation, found.input, caller).catch((error) => refuse(error, uri))
      return { uri, mimeType: 'application/json', text: JSON.stringify(output, null, 2) }
    },
    complete: async (template, argument, value, caller) => {
      const collection = data.find(({ uri }) => uri === template.replace(/\/\{\w+\}$/, ''))
      if (!data.some(({ uri }) => uri === template)) throw new ResourceNotFoundError(template)
      if (!collection) return []
      const output = await read(collection.operation, {}, caller).catch((error) => {
        if (error instanceof AppError && error.status < 500) return {}
        throw error
      })
      return idsIn(output, argument).filter((id) => id.startsWith(value))
    },
  }
}

function createDocuments(readOpenapi: ReadOpenapi): Document[] {
  const quickstart = readFileSync(new URL('./quickstart.md', import.meta.url), 'utf8')
  return [
    {
      about: {
        uri: 'payhook://docs/quickstart',
        name: 'quickstart',
        title: 'Quickstart',
        description: 'From an empty store to the first sale.',
        mimeType: 'text/markdown',
      },
      read: () => quickstart,
    },
    {
      about: {
        uri: 'payhook://openapi',
        name: 'openapi',
        title: 'REST API',
        description: 'The OpenAPI document of the same operations over REST. Long.',
        mimeType: 'application/json',
      },
      read: readOpenapi,
    },
  ]
}

function isReadable(operation: Operation): boolean {
  const required = inputSchemaOf(operation).required as string[] | undefined
  return operation.kind === 'query' && (required ?? []).every((name) => operation.rest.params.includes(name))
}

function toDataResource(operation: Operation): DataResource {
  const uri = operation.rest.path.replace('/v1/', 'payhook://')
  return { uri, operation, pattern: new RegExp(`^${uri.replace(/\{(\w+)\}/g, '(?<$1>[^/?#]+)')}$`) }
}

function aboutQuery({ meta, path }: Operation) {
  return { name: path, title: meta.title, description: meta.summary, mimeType: 'application/json' }
}

function match(data: DataResource[], uri: string): { operation: Operation; input: object } | undefined {
  for (const { pattern, operation } of data) {
    const found = pattern.exec(uri)
    if (found) return { operation, input: { ...found.groups } }
  }
  return undefined
}

/** An error of ours in the protocol's words: resources have no `isError`. */
function refuse(error: unknown, uri: string): never {
  if (!(error instanceof AppError) || error.status >= 500) throw error
  if (error.status === 404) throw new ResourceNotFoundError(uri, error.message)
  const { code, message, field = null, hint = null, retryable } = error
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, message, { code, field, hint, retryable })
}

/** The ids in the list that a collection's answer holds: `{products: [{id}], next_cursor}`. */
function idsIn(output: unknown, name: string): string[] {
  const list: unknown[] = Object.values(output as object).find(Array.isArray) ?? []
  return list.flatMap((item) => {
    const id = (item as Record<string, unknown>)[name]
    return typeof id === 'string' ? [id] : []
  })
}
