import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

export type ToolResult = {
  isError?: boolean
  structuredContent?: Record<string, unknown>
  content: { type: string; text?: string }[]
  _meta?: Record<string, unknown>
}

export type ListedTool = {
  name: string
  title?: string
  description?: string
  inputSchema: Record<string, unknown>
  outputSchema?: Record<string, unknown>
  annotations?: Record<string, unknown>
}

/** What the tests do with a client, whichever generation of the SDK it comes from. */
export type TestClient = {
  version(): string | undefined
  listTools(): Promise<{ tools: ListedTool[]; _meta?: Record<string, unknown> }>
  callTool(name: string, args?: Record<string, unknown>): Promise<ToolResult>
  raw: ModernClient | OlderClient
  close(): Promise<void>
}

export const GENERATIONS = ['2026-07-28', '2025-11-25'] as const
export type Generation = (typeof GENERATIONS)[number]

const IDENTITY = { name: 'payhook-test', version: '1.0.0' }

export function newClient(generation: Generation): ModernClient | OlderClient {
  return generation === '2026-07-28'
    ? new ModernClient(IDENTITY, { versionNegotiation: { mode: { pin: generation } } })
    : new OlderClient(IDENTITY)
}

export function wrap(client: ModernClient | OlderClient): TestClient {
  return {
    version: () => (client instanceof ModernClient ? client.getNegotiatedProtocolVersion() : '2025-11-25'),
    listTools: async () => (await client.listTools()) as { tools: ListedTool[] },
    callTool: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as ToolResult,
    raw: client,
    close: () => client.close(),
  }
}

/** A client connected over real HTTP, with this key if any. */
export async function connectHttp(generation: Generation, base: string, apiKey?: string): Promise<TestClient> {
  const url = new URL('/mcp', base)
  const headers: Record<string, string> = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }
  const client = newClient(generation)
  if (client instanceof ModernClient) await client.connect(new ModernHttp(url, { requestInit: { headers } }))
  else await client.connect(new OlderHttp(url, { requestInit: { headers } }))
  return wrap(client)
}
