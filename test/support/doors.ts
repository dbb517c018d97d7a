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

const keyHeader = (apiKey: string | undefined): Record<string, string> =>
  apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }
