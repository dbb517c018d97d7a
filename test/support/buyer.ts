import type { World } from './world'

export const CARD_FORM = {
  email: 'buyer@example.com',
  number: '4000 0000 0000 0002',
  expiry: '12/30',
  cvc: '987',
  name: 'Ada Buyer',
}

/** A browser without a screen: keeps cookies by their path, posts forms from our own origin, follows nothing by itself. */
export function createBuyer(world: Pick<World, 'url'>, language = 'en-US') {
  const jar = new Map<string, { value: string; path: string }>()
  const send = async (path: string, init: RequestInit = {}) => {
    const cookies = [...jar].filter(([, one]) => path.startsWith(one.path)).map(([name, one]) => `${name}=${one.value}`)
    const headers = { 'Accept-Language': language, Cookie: cookies.join('; '), Origin: world.url, ...init.headers }
    const response = await fetch(new URL(path, world.url), { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const match = /^([^=]+)=([^;]*).*?;\s*Path=([^;]+)/i.exec(line)
      if (match?.[1] && match[3]) jar.set(match[1], { value: match[2] ?? '', path: match[3] })
    }
    return response
  }
  return {
    get: (path: string) => send(path),
    /** Posts the page's form as a browser would: with the hidden fields that the page holds. */
    submit: async (path: string, fields: Partial<typeof CARD_FORM> = {}) => {
      const page = await (await send(path)).text()
      return send(path, {
        method: 'POST',
        body: new URLSearchParams({ ...hiddenFields(page), ...CARD_FORM, ...fields }),
      })
    },
    post: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      send(path, { method: 'POST', body: new URLSearchParams(fields), headers }),
    forgetCookies: () => jar.clear(),
  }
}

export type Buyer = ReturnType<typeof createBuyer>

export function hiddenFields(page: string): Record<string, string> {
  const inputs = page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)
  return Object.fromEntries([...inputs].map((match) => [match[1], match[2]]))
}
