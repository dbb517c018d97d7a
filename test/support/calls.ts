/** What a REST call answered, its body parsed. */
export type Answer<T = Record<string, unknown>> = { status: number; headers: Headers; body: T }

export type CallOptions = { key?: string | undefined; body?: unknown; headers?: Record<string, string> }

/** One real HTTP request. `key` goes into the Authorization header, `body` as JSON. */
export async function callRest<T = Record<string, unknown>>(
  baseUrl: string,
  method: string,
  path: string,
  { key, body, headers = {} }: CallOptions = {},
): Promise<Answer<T>> {
  const response = await fetch(baseUrl + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as T }
}
