/** As much of an answer as the delivery log keeps. */
const MAX_BODY_BYTES = 4_096

export type Answer = { status: number; headers: Record<string, string>; body: string }

/**
 * Status, headers and the first 4 kB; the rest is cut off with its connection. Who sent a status has answered: a body that
 * stalls or breaks off afterwards changes nothing.
 */
export async function readAnswer(response: Response, deadline: AbortSignal): Promise<Answer> {
  const headers = Object.fromEntries(response.headers)
  const bytes = await readStart(response, deadline)
  const encoding = headers['content-encoding'] ?? 'identity'
  const body = encoding === 'identity' ? readable(bytes) : bytes.length > 0 ? `(${encoding}, not unpacked)` : ''
  return { status: response.status, headers, body }
}

async function readStart(response: Response, deadline: AbortSignal): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (!reader) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    while (length < MAX_BODY_BYTES && !deadline.aborted) {
      const { done, value } = await reader.read()
      if (done) return Buffer.concat(chunks)
      chunks.push(value)
      length += value.length
    }
    await reader.cancel()
  } catch {
    // Cut off by the receiver or by the deadline: what came is what is kept.
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES)
}

/** Text that PostgreSQL can keep: no NUL, and no half character at the cut. */
function readable(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes, { stream: true }).replaceAll('\0', '\uFFFD')
}
