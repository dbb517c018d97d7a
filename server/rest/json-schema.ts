import * as z from 'zod'

/** JSON Schema as much of it as zod writes. */
export type JsonSchema = {
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  default?: unknown
  examples?: unknown[]
  example?: unknown
  description?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: unknown
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  minimum?: number
  maximum?: number
  pattern?: string
  [keyword: string]: unknown
}

/** OpenAPI 3.1 schemas are JSON Schema 2020-12; 3.0 has a dialect of its own. */
export type Dialect = 'draft-2020-12' | 'openapi-3.0'
type Io = 'input' | 'output'

/** What a reader of the schema sees: without zod's regular expressions for formats, and without the limits of a double. */
function publish(schema: JsonSchema, dialect: Dialect, io: Io): void {
  if (schema.format !== undefined) delete schema.pattern
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  // A client must bear new fields in an answer.
  if (io === 'output' && schema.additionalProperties === false) delete schema.additionalProperties
  if (dialect === 'openapi-3.0' && schema.examples !== undefined) {
    schema.example = schema.examples[0]
    delete schema.examples
  }
}

export function toJsonSchema(type: z.ZodType, io: Io, dialect: Dialect = 'draft-2020-12'): JsonSchema {
  const schema = z.toJSONSchema(type, {
    io,
    target: dialect,
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ jsonSchema }) => publish(jsonSchema as JsonSchema, dialect, io),
  })
  const { $schema: _dialect, ...rest } = JSON.parse(JSON.stringify(schema)) as JsonSchema
  return rest
}

/** Answers' schemas under their names, each referring to the others as `#/components/schemas/Name`. */
export function toComponents(named: ReadonlyMap<z.ZodType, string>, dialect: Dialect): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>()
  for (const [type, id] of named) registry.add(type, { id })
  const { schemas } = z.toJSONSchema(registry, {
    io: 'output',
    target: dialect,
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => publish(jsonSchema as JsonSchema, dialect, 'output'),
  })
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _dialect, $id: _id, ...rest } = JSON.parse(JSON.stringify(schema)) as JsonSchema
      return [id, rest]
    }),
  )
}

const SAMPLE_OF_FORMAT: Readonly<Record<string, string>> = {
  uuid: 'e6866e28-5b3f-866b-8e2e-21eb368508cd',
  'date-time': '2026-03-01T12:00:00.000Z',
  email: 'owner@example.com',
  uri: 'https://shop.example.com/',
}

/** A value that fits the schema, for a reader: its own example where it has one. */
export function sampleOf(schema: JsonSchema, everyField = false): unknown {
  const [first] = schema.examples ?? []
  for (const known of [schema.const, first, schema.example, schema.enum?.[0], schema.default]) {
    if (known !== undefined) return known
  }
  const [variant] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? []
  if (variant) return sampleOf(variant, everyField)
  if (schema.type === 'object') return sampleObject(schema, everyField)
  if (schema.type === 'array') return schema.items ? [sampleOf(schema.items, everyField)] : []
  if (schema.type === 'integer' || schema.type === 'number')
    return Math.max(schema.minimum ?? 0, Number(schema.exclusiveMinimum ?? 0) + 1)
  if (schema.type === 'boolean') return true
  if (schema.type === 'string') return SAMPLE_OF_FORMAT[schema.format ?? ''] ?? '…'
  return null
}

/** Required fields and those with an example; of a schema that requires nothing, one field at least. */
function sampleObject(schema: JsonSchema, everyField: boolean): Record<string, unknown> {
  const fields = Object.entries(schema.properties ?? {})
  const shown = fields.filter(
    ([name, field]) => everyField || schema.required?.includes(name) || (field.examples ?? field.example) !== undefined,
  )
  return Object.fromEntries(
    (shown.length > 0 ? shown : fields.slice(0, 1)).map(([name, field]) => [name, sampleOf(field, everyField)]),
  )
}
