import { TRPCError } from '@trpc/server'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { readOperations } from '../../../server/operations'
import { toAppError } from '../../../server/trpc-errors'

const operations = readOperations()

/** What the first fault is called, as every door says it. */
function said(schema: z.ZodType, input: unknown): string {
  const { error } = schema.safeParse(input)
  return error?.issues[0]?.message ?? 'nothing is wrong'
}

test.each<[z.ZodType, unknown, string]>([
  [z.string(), undefined, 'is required'],
  [z.string(), 5, 'must be a text'],
  [z.number(), '5', 'must be a number'],
  [z.int(), 1.5, 'must be a whole number'],
  [z.int(), 'x', 'must be a number'],
  [z.boolean(), 'true', 'must be true or false'],
  [z.array(z.string()), {}, 'must be a list'],
  [z.strictObject({}), [], 'must be an object'],
  [z.record(z.string(), z.string()), 1, 'must be an object'],
  [z.int().max(100), 101, 'must be at most 100'],
  [z.int().min(1), 0, 'must be at least 1'],
  [z.number().lt(5), 5, 'must be less than 5'],
  [z.number().gt(5), 5, 'must be more than 5'],
  [z.string().max(3), 'abcd', 'must have at most 3 characters'],
  [z.string().min(3), 'ab', 'must have at least 3 characters'],
  [z.string().min(1), '', 'must not be empty'],
  [z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 entries'],
  [z.array(z.string()).min(1), [], 'must not be empty'],
  [z.enum(['live', 'test']), 'x', 'must be one of live, test'],
  [z.literal(true), false, 'must be true'],
  [z.email(), 'x', 'must be an e-mail address such as buyer@example.com'],
  [z.url(), 'x', 'must be a URL such as https://example.com/'],
  [z.uuid(), 'x', 'must be a UUID such as e6866e28-5b3f-866b-8e2e-21eb368508cd'],
  [z.iso.datetime(), 'x', 'must be a time in ISO 8601 such as 2026-03-01T12:00:00Z'],
  [z.string().regex(/^a$/), 'x', 'does not have the form that is expected here'],
  [z.number().multipleOf(5), 3, 'must be a multiple of 5'],
  [z.union([z.string(), z.number()]), true, 'has none of the forms that are allowed here'],
  [z.string('must be said'), 5, 'must be said'],
])('%o refuses %j with words', (schema, input, words) => {
  expect(said(schema, input)).toBe(words)
})

/** How zod words what nobody has worded for it. */
const RAW = /invalid|expected (string|number|int|boolean|array|object|record)|received|too (big|small)|unrecognized/i

const WRONG = [
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  '\u0000',
  'x'.repeat(10_000),
  [],
  [1],
  Array(1_000).fill('x'),
  {},
  { a: {} },
]

describe.each(operations.map(({ path, input }) => [path, input] as const))('%s', (_, input) => {
  test('says what is wrong with any of its fields in words of ours', () => {
    const shape = shapeOf(input)
    for (const name of Object.keys(shape)) {
      for (const wrong of WRONG) {
        const { error } = input.safeParse({ [name]: wrong })
        if (!error) continue
        const { code, message, hint = '' } = toAppError(new TRPCError({ code: 'BAD_REQUEST', cause: error }))
        expect(code).toBe('invalid_request')
        expect(`${message} ${hint}`.replaceAll(JSON.stringify(wrong), '')).not.toMatch(RAW)
      }
    }
  })
})

function shapeOf(schema: z.ZodType): Record<string, unknown> {
  if (schema instanceof z.ZodObject) return schema.shape
  if ('unwrap' in schema && typeof schema.unwrap === 'function') return shapeOf(schema.unwrap())
  return schema instanceof z.ZodPipe ? shapeOf(schema.in as z.ZodType) : {}
}
