import * as z from 'zod'
import { Instant } from '../server/kernel/wire'
import type { Operation } from '../server/operations'

/** JSON Schema 2020-12 whose root is an object, as tools must have it. */
export type ObjectSchema = { type: 'object'; [keyword: string]: unknown }

type Schema = Record<string, unknown>

const IDEMPOTENCY_KEY = { type: 'string', description: 'Repeat the same key to retry safely; remembered for 24 h' }

/** What a tool takes: the operation's input and, for a change, `idempotency_key`. */
export function inputSchemaOf(operation: Operation): ObjectSchema {
  const schema = toSchema(operation.input, 'input')
  return operation.isReadOnly ? schema : withProperty(schema, 'idempotency_key', IDEMPOTENCY_KEY)
}

/** What a tool answers. Closed nowhere, so that a client that kept an older list accepts a field added since. */
export function outputSchemaOf(operation: Operation): ObjectSchema {
  return withoutWordsWithin(toSchema(operation.output, 'output'))
}

/**
 * What lies within another answer, as orders do in a list, is described where it is an answer of its own: said each time, it would
 * be a tenth of the whole list.
 */
function withoutWordsWithin(schema: ObjectSchema): ObjectSchema {
  const fields = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
  const bare = fields.map(([name, { description, ...field }]) => [
    name,
    { ...(description === undefined ? {} : { description }), ...withoutWords(field) },
  ])
  return { ...schema, properties: Object.fromEntries(bare) }
}

function withoutWords(schema: Schema): Schema {
  const text = JSON.stringify(schema, (_, value: unknown) => {
    const isSchema = typeof value === 'object' && value !== null && 'description' in value
    // A field of that name is a schema itself.
    if (!isSchema || typeof value.description !== 'string') return value
    const { description: _words, ...rest } = value
    return rest
  })
  return JSON.parse(text) as Schema
}

function toSchema(type: z.ZodType, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => shorten(jsonSchema, io),
  })
  return { ...rootOf(schema), type: 'object' }
}

/** Every word here is paid for by every agent in every session: drops what only repeats what another keyword says. */
function shorten(schema: Schema, io: 'input' | 'output'): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.format !== undefined) delete schema.pattern
  // Names in JSON are strings anyway.
  if (JSON.stringify(schema.propertyNames) === '{"type":"string"}') delete schema.propertyNames
  if (io === 'input') return
  if (schema.additionalProperties === false) delete schema.additionalProperties
  // The format says so; what else is said of a time stays.
  if (schema.format === 'date-time' && schema.description === Instant.description) delete schema.description
  mergeNull(schema)
}

/** `anyOf: [{type: string, …}, {type: null}]` is `type: [string, null]`; an enum would shut null out, so it is in there too. */
function mergeNull(schema: Schema): void {
  const [form, none, ...rest] = Array.isArray(schema.anyOf) ? (schema.anyOf as Schema[]) : []
  if (!form || none?.type !== 'null' || rest.length > 0 || typeof form.type !== 'string') return
  // Zod comes to the outer schema first.
  shorten(form, 'output')
  delete schema.anyOf
  Object.assign(schema, { ...form, ...schema, type: [form.type, 'null'] })
  if (Array.isArray(schema.enum)) schema.enum = [...schema.enum, null]
}

/** A schema with an id becomes a bare `$ref` at the root, which MCP doesn't take. */
function rootOf(schema: Schema): Schema {
  const name = typeof schema.$ref === 'string' ? /^#\/\$defs\/(.+)$/.exec(schema.$ref)?.[1] : undefined
  const target = name === undefined ? undefined : (schema.$defs as Record<string, Schema> | undefined)?.[name]
  if (!target) return schema
  const { $ref: _, ...rest } = schema
  return { ...rest, ...target }
}

/** Adds a property to an object, or to each form of a union of objects. */
function withProperty<S extends Schema>(schema: S, name: string, property: Schema): S {
  const union = (['anyOf', 'oneOf'] as const).find((keyword) => Array.isArray(schema[keyword]))
  if (union === undefined || schema.properties !== undefined) {
    return { ...schema, properties: { ...(schema.properties as Schema | undefined), [name]: property } }
  }
  return { ...schema, [union]: (schema[union] as Schema[]).map((form) => withProperty(form, name, property)) }
}
