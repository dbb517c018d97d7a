import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { readOperations } from '../../server/operations'
import { type ProcedureMeta, publicProcedure, router } from '../../server/trpc'

const meta: ProcedureMeta = {
  tool: 'get_thing',
  title: 'Show a thing',
  summary: 'A thing.',
  scope: 'public',
  rest: 'GET /v1/things/{id}',
}
const Input = z.strictObject({ id: z.string() })
const Output = z.object({ id: z.string() })
const thing = (changes: Partial<ProcedureMeta> = {}) =>
  publicProcedure
    .meta({ ...meta, ...changes })
    .input(Input)
    .output(Output)
    .query(({ input }) => input)

describe('the start is refused, with the procedure named, when', () => {
  test('a procedure has no meta', () => {
    const bare = publicProcedure
      .input(Input)
      .output(Output)
      .query(({ input }) => input)
    expect(() => readOperations(router({ things: router({ get: bare }) }))).toThrow('things.get has no meta')
  })

  test('a procedure has no input or no output', () => {
    const noInput = publicProcedure
      .meta(meta)
      .output(Output)
      .query(() => ({ id: '1' }))
    const noOutput = publicProcedure
      .meta(meta)
      .input(Input)
      .query(({ input }) => input)
    expect(() => readOperations(router({ things: router({ get: noInput }) }))).toThrow('things.get has no zod input')
    expect(() => readOperations(router({ things: router({ get: noOutput }) }))).toThrow('things.get has no zod output')
  })

  test('a tool is not called verb_noun', () => {
    expect(() => readOperations(router({ get: thing({ tool: 'things' }) }))).toThrow('verb_noun')
  })

  test('a query is routed as a POST', () => {
    expect(() => readOperations(router({ get: thing({ rest: 'POST /v1/things' }) }))).toThrow('a query is a GET')
  })

  test('two procedures share a tool or a route, whatever the route calls its parameter', () => {
    const twice = { get: thing(), show: thing({ rest: 'GET /v1/other' }) }
    expect(() => readOperations(router(twice))).toThrow('both get_thing')
    const sameRoute = { get: thing(), show: thing({ tool: 'show_thing', rest: 'GET /v1/things/{name}' }) }
    expect(() => readOperations(router(sameRoute))).toThrow('show and get are both GET /v1/things/{}')
  })
})

test('every procedure of the product is a whole operation', () => {
  expect(readOperations().length).toBeGreaterThan(10)
})
