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
 * neither zod nor our server's types. Events of one shape share a type, and the shapes of a family what they have in common.
 */
export function renderEventTypes(): string {
  const bodies = [...Map.groupBy(EVENT_TYPES, (type) => JSON.stringify(bodyOf(type))).values()].map(toBody)
  const union = `export type WebhookEvent =${oneOf(bodies.map(({ name }) => name))}\n`
  const families = [...Map.groupBy(bodies, ({ family }) => family).values()]
  return [HEAD + union, ...families.flatMap(renderFamily)].join('\n')
}

/** `data` is what those events hold that have a frame around it. */
type Body = { name: string; family: string; types: EventType[]; frame: Schema; data: Schema | undefined }

/** An event's own name, the family's for several. */
function toBody(types: EventType[]): Body {
  const [type, ...others] = types
  if (type === undefined) throw new Error('a shape without events')
  const { family } = CATALOGUE[type]
  const body = bodyOf(type)
  const { data, ...frame } = body.properties ?? {}
  const name = `${pascal(others.length > 0 ? family : type)}Event`
  return { name, family, types, frame: { ...body, properties: frame }, data }
}

function renderFamily(bodies: Body[]): string[] {
  const [first] = bodies
  if (!first || bodies.length === 1) return bodies.map((body) => renderBody(body))
  const shared = sharedBy(bodies.map(({ frame, data }) => data ?? frame))
  const name = `${pascal(first.family)}Data`
  return [
    `/** What the events of this kind have in common. */\nexport type ${name} = {\n${fieldsOf(shared, 2)}}\n`,
    ...bodies.map((body) => renderBody(body, { name, schema: shared })),
  ]
}

type Shared = { name: string; schema: Schema }

function renderBody({ name, types, frame, data }: Body, shared?: Shared): string {
  const event = `  event:${oneOf(types.map(quote), 2)}\n`
  if (!data) {
    const base = shared ? `${shared.name} & ` : ''
    return `export type ${name} = ${base}{\n${event}${fieldsOf(without(frame, shared), 2)}}\n`
  }
  const own = fieldsOf(without(data, shared), 4)
  const parts = [...(shared ? [shared.name] : []), ...(own ? [`{\n${own}  }`] : [])]
  return `export type ${name} = {\n${event}${fieldsOf(frame, 2)}  data: ${parts.join(' & ')}\n}\n`
}

/** The fields that all have, in the same words. */
function sharedBy([first = {}, ...others]: Schema[]): Schema {
  const isShared = (name: string) =>
    others.every((other) => fieldsOf(only(other, name), 0) === fieldsOf(only(first, name), 0))
  return pick(first, isShared)
}

const without = (schema: Schema, shared?: Shared) => pick(schema, (name) => !shared?.schema.properties?.[name])
const only = (schema: Schema, wanted: string) => pick(schema, (name) => name === wanted)

function pick(schema: Schema, isWanted: (name: string) => boolean): Schema {
  const entries = Object.entries(schema.properties ?? {}).filter(([name]) => isWanted(name))
  return { ...schema, properties: Object.fromEntries(entries) }
}

/** On one line while it fits, as the formatter has it. */
function oneOf(members: string[], indent = 0): string {
  const line = ` ${members.join(' | ')}`
  if (line.length < 90) return line
  return members.map((member) => `\n${' '.repeat(indent + 2)}| ${member}`).join('')
}

/** Every field beside `event`. */
function bodyOf(type: EventType): Schema {
  const body = z.toJSONSchema(bodySchemaOf(type)) as Schema
  return pick(body, (name) => name !== 'event')
}

function fieldsOf({ properties = {}, required = [] }: Schema, indent: number): string {
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
