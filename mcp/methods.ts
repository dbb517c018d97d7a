import { ProtocolError, ProtocolErrorCode, type RequestTypeMap, type ResultTypeMap } from '@modelcontextprotocol/server'
import type { Deps } from '../server/context'
import type { Operation } from '../server/operations'
import type { Caller } from './caller'
import { createPrompts } from './prompts'
import { createResources, type ReadOpenapi } from './resources'
import { callTool, createTools, KEY_META, sightOf, unknownTool } from './tools'

type Served =
  | 'tools/list'
  | 'tools/call'
  | 'resources/list'
  | 'resources/templates/list'
  | 'resources/read'
  | 'prompts/list'
  | 'prompts/get'
  | 'completion/complete'

/** What we answer, whatever the transport. One implementation runs the operations, another asks a running server. */
export type Methods = {
  [M in Served]: (params: RequestTypeMap[M]['params'], caller: Caller) => Promise<ResultTypeMap[M]>
}

/** Where the methods come from, to be closed at the end. */
export type Door = { methods: Methods; close(): Promise<void> }

/** The methods on this process's own database. Everything that can be made before the first call is made here, once. */
export function createMethods(deps: Deps, operations: readonly Operation[], readOpenapi: ReadOpenapi): Methods {
  const tools = createTools(operations)
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]))
  const resources = createResources(deps, operations, readOpenapi)
  const prompts = createPrompts(tools)
  return {
    'tools/list': async (params, caller) => {
      refuseCursor(params)
      const { mode, sees } = await sightOf(deps, caller)
      const seen = tools.filter((tool) => sees(tool.operation))
      return { tools: seen.map((tool) => tool.definition), _meta: { [KEY_META]: mode } }
    },
    'tools/call': async ({ name, arguments: args = {} }, caller) => {
      const tool = byName.get(name)
      if (!tool) throw unknownTool(name)
      return callTool(deps, tool, args, caller)
    },
    'resources/list': async (params, caller) => {
      refuseCursor(params)
      return { resources: resources.list(await sightOf(deps, caller)) }
    },
    'resources/templates/list': async (params, caller) => {
      refuseCursor(params)
      return { resourceTemplates: resources.templates(await sightOf(deps, caller)) }
    },
    'resources/read': async ({ uri }, caller) => ({ contents: [await resources.read(uri, caller)] }),
    'prompts/list': async (params) => {
      refuseCursor(params)
      return { prompts: prompts.list }
    },
    'prompts/get': async ({ name, arguments: args = {} }) => prompts.get(name, args),
    'completion/complete': async ({ ref, argument }, caller) => {
      const values =
        ref.type === 'ref/prompt'
          ? prompts.complete(ref.name, argument.name, argument.value)
          : await resources.complete(ref.uri, argument.name, argument.value, caller)
      return { completion: { values: values.slice(0, 100), total: values.length, hasMore: values.length > 100 } }
    },
  }
}

/** Lists of what the server offers fit one page, so that no cursor is ours. Lists of data are paged by their tools. */
function refuseCursor(params: { cursor?: string | undefined } | undefined): void {
  if (params?.cursor === undefined) return
  throw new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    'Unknown cursor: this list has one page. Ask without a cursor.',
  )
}
