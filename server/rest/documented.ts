import * as z from 'zod'
import type { Operation } from '../operations'
import { inQuery, onlyKnown, queryCoercion, type RestRequest, type Route } from './adapter'

/** What a documented API's table is made of: each line says where an operation is and how the document shows it. */
export type Line = readonly [method: string, path: string, operation: string, status: number, extra: Extra]

type Fields = Record<string, unknown>

export type Extra = Partial<Pick<Route, 'toBody' | 'body' | 'input' | 'joinPages'>> & {
  /** Turns the document's fields into the operation's, where names or defaults differ. */
  adjust?: (fields: Fields, request: RestRequest) => Fields
}

/** Documents A, C and D word an error so. */
export const ErrorText = z.object({ error: z.string() })

export function documentedRoutes(operations: readonly Operation[], table: readonly Line[]): Route[] {
  return table.map(([method, path, name, status, extra]) => {
    const operation = operations.find((candidate) => candidate.path === name)
    if (!operation) throw new Error(`${path} needs the operation ${name}`)
    return toRoute(method, path, operation, status, extra)
  })
}

function toRoute(method: string, path: string, operation: Operation, status: number, extra: Extra): Route {
  const { adjust = (fields: Fields) => fields, ...rest } = extra
  const known = rest.input ?? operation.input
  const coerce = queryCoercion(known)
  const keepKnown = onlyKnown(known)
  return {
    method,
    path,
    operation,
    status,
    toInput: (request) => {
      const { params, query, body } = request
      const sent = inQuery(method) ? { ...body, ...coerce(query) } : body
      return adjust(keepKnown({ ...sent, ...params }), request)
    },
    toBody: (output) => output,
    ...rest,
  }
}
