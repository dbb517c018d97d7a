/**
 * Makes the request of a curl line out of a document, as a shell and curl would read it, so that it needs neither. `base` replaces
 * the document's host, `key` its placeholder.
 */
export async function curl(line: string, { host, base, key }: { host: string; base: string; key: string }) {
  const { url, method, headers, body } = readCurl(line.replaceAll(host, base).replaceAll('YOUR_API_KEY', key))
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

function readCurl(line: string) {
  const [command, ...words] = wordsOf(line)
  if (command !== 'curl') throw new Error(`${command} is not curl`)
  const sent = { url: '', method: '', headers: {} as Record<string, string>, body: undefined as string | undefined }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!word.startsWith('-')) sent.url = word
    else {
      const value = words[++at] ?? ''
      if (word === '-X') sent.method = value
      else if (word === '-d') sent.body = value
      else if (word === '-H') sent.headers[value.split(':', 1)[0] ?? ''] = value.replace(/^[^:]*:\s*/, '')
      else throw new Error(`curl ${word} is not known here`)
    }
  }
  return { ...sent, method: sent.method || (sent.body === undefined ? 'GET' : 'POST') }
}

/** A shell's words: bare, in either quotes, lines joined by a backslash. */
function wordsOf(line: string): string[] {
  const words = line.replace(/\\\n/g, ' ').matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)
  return [...words].map(([, single, double, bare]) => single ?? double ?? bare ?? '')
}
