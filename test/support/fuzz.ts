import fc from 'fast-check'
import type { JsonSchema } from '../../server/rest/json-schema'

/** Text that has broken somebody's server before. */
const NASTY = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff x',
  '💳'.repeat(50),
  "'; drop table products; --",
  '%',
  '%00',
  '%ff',
  '../..',
  '\r\nX: y',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '-0',
  '1e309',
  '0x1f',
  '9'.repeat(400),
  'x'.repeat(20_000),
  '<script>',
  '\u202e',
  '{}',
  '[]',
  '$1',
  '\\',
  'sto_00000000',
]

/** A port of this machine at which nobody listens. */
const NOWHERE = 'http://127.0.0.1:9'

const text: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' }), fc.string())

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, -1, 49, 50, 2 ** 31, 2 ** 53, -(2 ** 53) - 2, 1e21, 1e308, Number.MIN_VALUE),
)

export const garbage: fc.Arbitrary<unknown> = fc.oneof(
  text,
  number,
  fc.constantFrom(null, true, false, [], {}, [[]], { $gt: '' }),
  fc.jsonValue({ maxDepth: 4 }),
)

/** Mostly what the schema asks for, now and then something else. */
export function nearly(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: fitting(schema) }, { weight: 1, arbitrary: garbage })
}

function fitting(schema: JsonSchema): fc.Arbitrary<unknown> {
  const variants = schema.anyOf ?? schema.oneOf
  if (variants) return fc.oneof(...variants.map(fitting))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.type === 'object') return nearlyObject(schema)
  if (schema.type === 'array') return fc.array(schema.items ? nearly(schema.items) : garbage, { maxLength: 4 })
  if (schema.type === 'integer' || schema.type === 'number') {
    const min = Math.max(schema.minimum ?? -1_000, -(2 ** 31))
    return fc.integer({ min, max: Math.max(min, Math.min(schema.maximum ?? 10_000, 2 ** 31 - 1)) })
  }
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.type === 'string') return fittingText(schema)
  return garbage
}

function fittingText(schema: JsonSchema): fc.Arbitrary<string> {
  // Nobody's name server is asked for an example's host.
  const examples = (schema.examples ?? []).map((example) => String(example).replace('https://example.com', NOWHERE))
  const known = examples.length > 0 ? [fc.constantFrom(...examples)] : []
  if (schema.format === 'uuid') return fc.oneof(...known, fc.uuid())
  if (schema.format === 'email') return fc.oneof(...known, fc.emailAddress())
  return fc.oneof(...known, fc.string({ maxLength: 30 }), fc.constantFrom('usd', 'eur', '#3b5bdb', `${NOWHERE}/x`))
}

/** Fields may be missing, and unknown ones may be there. */
export function nearlyObject(schema: JsonSchema): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, field]) => [name, nearly(field)]),
  )
  const own = fc.record(fields, { requiredKeys: [] })
  const complete = fc.record(fields)
  const strange = fc.dictionary(text, garbage, { maxKeys: 2 })
  return fc.oneof(
    { weight: 4, arbitrary: complete },
    { weight: 2, arbitrary: own },
    { weight: 1, arbitrary: fc.tuple(own, strange).map(([a, b]) => ({ ...a, ...b })) },
  )
}

/** A path segment as a client could send it: encoded, or not encoded as it should be. */
export const segment: fc.Arbitrary<string> = fc.oneof(
  fc.uuid(),
  text.map((value) => encodeURIComponent(value.toWellFormed()).slice(0, 4_000)),
  fc.constantFrom('%', '%E0%A4%A', '%00', '%2e%2e', '%2F', '..', '.', ';', '*', ':id', '{id}', '%u0041'),
)

/** Headers that matter to us, with values that HTTP allows. */
export const headers: fc.Arbitrary<Record<string, string>> = fc.dictionary(
  fc.constantFrom(
    'Accept',
    'Idempotency-Key',
    'X-API-Key',
    'X-Forwarded-For',
    'Origin',
    'Cookie',
    'Content-Language',
    'X-Request-Id',
  ),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 300 }),
  { maxKeys: 3 },
)

export const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-16',
      'text/plain',
      'multipart/form-data; boundary=',
      'application/x-www-form-urlencoded',
      'application/vnd.x+json',
    ),
  },
)

/** A body that nobody's schema describes. */
export const rawBody: fc.Arbitrary<string | Uint8Array<ArrayBuffer>> = fc.oneof(
  garbage.map((value) => JSON.stringify(value) ?? ''),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)),
  fc.string({ unit: 'binary' }),
  fc.integer({ min: 1, max: 100_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  fc.integer({ min: 1, max: 20_000 }).map((depth) => `${'{"name":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.constantFrom(
    '{"name":"a","name":"b"}',
    '{"__proto__":{"x":1}}',
    '\ufeff{}',
    '{"price_cents":1e999}',
    '{"name":"\\ud800"}',
    '{"name":"\\u0000"}',
  ),
)
