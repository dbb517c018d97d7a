import * as z from 'zod'
import { CATALOGUE, EVENT_TYPES, type EventType } from '../../server/domain/webhooks/catalogue'
import { bodySchemaOf } from '../../server/domain/webhooks/formats'

type Schema = {
  type?: string | string[]
  format?: string
  description?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
}

const HEAD = `// Made from the catalogue of events by test/pure/receiver/events.test.ts: run it with -u when the catalogue changes.

/** What Payhook posts: one type for each shape of body, told apart by \`event\`. */
`

/**
 * The TypeScript of server/receiver/events.ts: the bodies of all events, without an import, so that whoever receives them needs
 * neither zod nor our server's types. Events of one shape share a type.
 */
export function renderEventTypes(): string {
  const shapes = new Map<string, EventType[]>()
  for (const type of EVENT_TYPES) {
    const shape = bodyOf(type)
    shapes.set(shape, [...(shapes.get(shape) ?? []), type])
  }
  const named = [...shapes].map(([shape, types]) => ({ name: `${pascal(nameOf(types))}Event`, shape, types }))
  const union = `export type WebhookEvent =${oneOf(named.map(({ name }) => name))}\n`
  const types = named.map(
    ({ name, shape, types }) => `export type ${name} = {\n  event:${oneOf(types.map(quote), 2)}\n${shape}}\n`,
  )
  return [HEAD + union, ...types].join('\n')
}

/** An event's own name, the family's for several. */
function nameOf([type, ...others]: EventType[]): string {
  if (type === undefined) throw new Error('a shape without events')
  return others.length > 0 ? CATALOGUE[type].family : type
}

/** On one line while it fits, as the formatter has it. */
function oneOf(members: string[], indent = 0): string {
  const line = ` ${members.join(' | ')}`
  if (line.length < 90) return line
  return members.map((member) => `\n${' '.repeat(indent + 2)}| ${member}`).join('')
}

/** Every field beside `event`. */
function bodyOf(type: EventType): string {
  const { properties, required } = z.toJSONSchema(bodySchemaOf(type)) as Schema
  const { event: _, ...fields } = properties ?? {}
  return fieldsOf({ properties: fields, required }, 2)
}

function fieldsOf({ properties = {}, required = [] }: Pick<Schema, 'properties' | 'required'>, indent: number): string {
  const pad = ' '.repeat(indent)
  return Object.entries(properties)
    .map(([name, field]) => {
      const words = field.description === undefined ? '' : `${pad}/** ${field.description} */\n`
      return `${words}${pad}${name}${required.includes(name) ? '' : '?'}: ${typeOf(field, indent)}\n`
    })
    .join('')
}

function typeOf(schema: Schema, indent: number): string {
  if (schema.const !== undefined) return quote(schema.const)
  if (schema.enum) return schema.enum.map(quote).join(' | ')
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, indent)).join(' | ')
  if (schema.properties) return `{\n${fieldsOf(schema, indent + 2)}${' '.repeat(indent)}}`
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ')
  switch (schema.type) {
    case 'integer':
      return 'number'
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return schema.type
    case 'array':
      return `${typeOf(schema.items ?? {}, indent)}[]`
    case 'object': {
      const { additionalProperties: rest } = schema
      return `Record<string, ${typeof rest === 'object' ? typeOf(rest, indent) : 'unknown'}>`
    }
    default:
      return 'unknown'
  }
}

function quote(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function pascal(type: string): string {
  return type.replace(/(?:^|[._-])(\w)/g, (_, letter: string) => letter.toUpperCase())
}
