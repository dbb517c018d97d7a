import { fileURLToPath } from 'node:url'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OlderStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
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
  inputSchema: { type: string; properties?: Record<string, unknown>; [keyword: string]: unknown }
  outputSchema?: { type: string; [keyword: string]: unknown }
  annotations?: Record<string, unknown>
}

/** What the tests do with a client, whichever generation of the SDK it comes from. */
export type TestClient = {
  listTools(): Promise<{ tools: ListedTool[]; _meta?: Record<string, unknown> }>
  callTool(name: string, args?: Record<string, unknown>): Promise<ToolResult>
  raw: ModernClient | OlderClient
  close(): Promise<void>
}

/** A client of the newest protocol, and version 1 of the SDK, which most agents run. */
export const GENERATIONS = ['2026-07-28', '2025-11-25'] as const
export type Generation = (typeof GENERATIONS)[number]

const IDENTITY = { name: 'payhook-test', version: '1.0.0' }

const newModern = () => new ModernClient(IDENTITY, { versionNegotiation: { mode: { pin: '2026-07-28' } } })

function wrap(client: ModernClient | OlderClient): TestClient {
  return {
    listTools: async () => (await client.listTools()) as { tools: ListedTool[] },
    callTool: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as ToolResult,
    raw: client,
    close: () => client.close(),
  }
}

/** A client connected over real HTTP, with these headers. */
export async function connectHttp(
  generation: Generation,
  base: string,
  headers: Record<string, string> = {},
): Promise<TestClient> {
  const url = new URL('/mcp', base)
  if (generation === '2026-07-28') {
    const client = newModern()
    await client.connect(new ModernHttp(url, { requestInit: { headers } }))
    return wrap(client)
  }
  const client = new OlderClient(IDENTITY)
  await client.connect(new OlderHttp(url, { requestInit: { headers } }))
  return wrap(client)
}

export const bearer = (apiKey: string) => ({ Authorization: `Bearer ${apiKey}` })

export const STDIO_SCRIPT = fileURLToPath(new URL('../../mcp/stdio.ts', import.meta.url))

/** A client of a stdio server that it starts, and ends when it is closed. */
export async function connectStdio(generation: Generation, environment: Record<string, string>): Promise<TestClient> {
  const command = {
    command: process.execPath,
    args: [STDIO_SCRIPT],
    env: { PATH: process.env.PATH ?? '', PAYHOOK_LOG_LEVEL: 'error', ...environment },
    stderr: 'ignore' as const,
  }
  if (generation === '2026-07-28') {
    const client = newModern()
    await client.connect(new ModernStdio(command))
    return wrap(client)
  }
  const client = new OlderClient(IDENTITY)
  await client.connect(new OlderStdio(command))
  return wrap(client)
}

/** An error as an agent reads it: the text says the same as the structured content, where that is sent. */
export function errorOf(result: ToolResult): Record<string, unknown> {
  const error = JSON.parse(result.content[0]?.text ?? 'null') as Record<string, unknown>
  if (!result.isError) throw new Error(`not an error: ${JSON.stringify(result)}`)
  return error
}

/** What a failed request was told: JSON-RPC's code, and the message. */
export async function protocolErrorOf(promise: Promise<unknown>): Promise<{ code: number; message: string }> {
  try {
    await promise
  } catch (error) {
    return error as { code: number; message: string }
  }
  throw new Error('the request succeeded')
}
