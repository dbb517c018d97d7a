import type { Browser, FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { formatStoreId } from '../../server/kernel/ids'
import { startBrowser } from './browser'
import { held } from './held'
import { eventually } from './server'
import { openShop } from './shop'
import { createWorld, type World } from './world'

/** Document D's listener, with what it hears kept. */
export const LISTENER = `<script nonce="shop">
  window.heard = []
  window.addEventListener('message', (event) => {
    if (/payment_/.test(event.data.type)) window.heard.push({ origin: event.origin, ...event.data })
  })
</script>`

type Heard = { type: string; origin: string; transactionId?: string; amount?: number; orderId?: string; error?: string }

export const heardBy = (page: Page) => page.evaluate('window.heard') as Promise<Heard[]>

/** The message of this type that the page has heard, which must be one. */
export async function hears(page: Page, type: string): Promise<Heard> {
  const found = await eventually(type, async () => {
    const [first, ...others] = (await heardBy(page)).filter((message) => message.type === type)
    return first && { first, others }
  })
  expect(found.others).toEqual([])
  return found.first
}

export async function pay(checkout: Page | FrameLocator, card = '0002'): Promise<void> {
  await checkout.locator(`[data-test-card$="${card}"]`).click()
  await checkout.locator('form[data-card-form] button[type=submit]').click()
}

export const dialogFrame = (page: Page) => page.frameLocator('dialog iframe')

/** The pages of a shop, on an origin of its own; all others thank the buyer. */
function serveShop() {
  const pages = new Map<string, { html: string; headers: Record<string, string> }>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const page = pages.get(new URL(request.url).pathname)
      const html = page?.html ?? '<!doctype html><h1>Thanks from the shop</h1>'
      return new Response(html, { headers: { 'Content-Type': 'text/html; charset=utf-8', ...page?.headers } })
    },
  })
  const origin = `http://127.0.0.1:${server.port}`
  return {
    origin,
    close: () => server.stop(true),
    add: (head: string, body: string, headers: Record<string, string> = {}) => {
      const path = `/page${pages.size}`
      const html = `<!doctype html><html lang="en"><head><title>Shop</title>${LISTENER}${head}</head><body>${body}</body></html>`
      pages.set(path, { html, headers })
      return origin + path
    },
  }
}

/** A store, its shop's own pages and a browser, for all tests of a file. */
export function useShopPages() {
  const opened = held<{ world: World; browser: Browser; store: string; shop: ReturnType<typeof serveShop> }>('the shop')
  beforeAll(async () => {
    const browser = await startBrowser()
    const world = await createWorld()
    opened.set({ browser, world, store: formatStoreId((await openShop(world)).ctx.storeId), shop: serveShop() })
  })
  afterAll(async () => {
    await opened.peek()?.browser.close()
    await opened.peek()?.shop.close()
    await opened.peek()?.world.close()
  })
  return {
    get world() {
      return opened.get().world
    },
    get store() {
      return opened.get().store
    },
    get origin() {
      return opened.get().shop.origin
    },
    /** The address of a page that holds this. */
    shopPage: (head: string, body: string, headers?: Record<string, string>) =>
      opened.get().shop.add(head, body, headers),
    opened: async (url: string, options: Parameters<Browser['newContext']>[0] = {}) => {
      const context = await opened.get().browser.newContext({ locale: 'en-US', ...options })
      context.setDefaultTimeout(60_000)
      const page = await context.newPage()
      await page.goto(url)
      return { page, close: () => context.close() }
    },
    scriptTag: (name = 'payhook') =>
      `<script src="${opened.get().world.url}/js/${name}.js" data-store="${opened.get().store}" data-test-mode></script>`,
    embedUrl: (query: string) =>
      `${opened.get().world.url}/checkout/embed?store_id=${opened.get().store}&testMode=true&${query}`,
  }
}
