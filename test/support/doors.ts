import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Operation } from '../../server/operations'

/** What a caller sees of an answer, whichever door it came through. */
export type Seen =
  | { ok: true; output: unknown }
  | { ok: false; code: string; field: string | null; message: string; retryable: boolean }

export type Door = {
  name: string
  call(operation: Operation, input: Record<string, unknown>, apiKey: string | undefined): Promise<Seen>
}

type ErrorFacts = { code: string; field: string | null; retryable: boolean }

export function restDoor(url: string): Door {
  return {
    name: 'REST',
    call: async ({ rest }, input, apiKey) => {
      const path = rest.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])))
      const others = Object.entries(input).filter(([name]) => !rest.params.includes(name))
      const query = rest.method === 'GET' && new URLSearchParams(others.map(([name, value]) => [name, String(value)]))
      const answer = await fetch(`${url}${path}${query ? `?${query}` : ''}`, {
        method: rest.method,
        headers: { ...keyHeader(apiKey), 'Content-Type': 'application/json' },
        body: query === false ? JSON.stringify(Object.fromEntries(others)) : undefined,
      })
      const body = (await answer.json()) as ErrorFacts & { error: string }
      if (answer.ok) return { ok: true, output: body }
      return { ok: false, code: body.code, field: body.field, message: body.error, retryable: body.retryable }
    },
  }
}

export function trpcDoor(url: string): Door {
  return {
    name: 'tRPC',
    call: async ({ path, kind }, input, apiKey) => {
      const query = kind === 'query' ? `?input=${encodeURIComponent(JSON.stringify(input))}` : ''
      const answer = await fetch(`${url}/trpc/${path}${query}`, {
        method: kind === 'query' ? 'GET' : 'POST',
        headers: { ...keyHeader(apiKey), 'Content-Type': 'application/json' },
        body: kind === 'query' ? undefined : JSON.stringify(input),
      })
      const body = (await answer.json()) as {
        result?: { data: unknown }
        error?: { message: string; data: ErrorFacts }
      }
      if (body.result) return { ok: true, output: body.result.data }
      if (!body.error) throw new Error(`tRPC answered ${JSON.stringify(body)}`)
      const { code, field, retryable } = body.error.data
      return { ok: false, code, field, message: body.error.message, retryable }
    },
  }
}

/** Through a real MCP client, a new one for each call, because the key belongs to its connection. */
export function mcpDoor(url: string): Door {
  return {
    name: 'MCP',
    call: async ({ meta }, input, apiKey) => {
      const client = new Client({ name: 'doors-test', version: '1.0.0' })
      const requestInit = { headers: keyHeader(apiKey) }
      await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit }))
      const result = await client.callTool({ name: meta.tool, arguments: input }).finally(() => client.close())
      if (!result.isError) return { ok: true, output: result.structuredContent }
      const [content] = result.content
      if (content?.type !== 'text') throw new Error(`MCP answered ${JSON.stringify(result)}`)
      const { code, field, message, retryable } = JSON.parse(content.text) as ErrorFacts & { message: string }
      return { ok: false, code, field, message, retryable }
    },
  }
}

const keyHeader = (apiKey: string | undefined): Record<string, string> =>
  apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }
