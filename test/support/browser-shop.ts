import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { startBrowser, type Visitor, visit } from './browser'
import { openShop, type Shop } from './shop'
import { createWorld, type World } from './world'

/** A shop that sells, and a browser for its buyers, for all tests of a file; there from the first test on. */
export type BrowserShop = {
  readonly world: World
  readonly shop: Shop
  readonly browser: Browser
  visit(options?: BrowserContextOptions): Promise<Visitor>
  /** A visit that must end without a complaint of the browser and without a request to anybody else. */
  visiting(options: BrowserContextOptions, work: (page: Page, visitor: Visitor) => Promise<void>): Promise<void>
}

export function useBrowserShop(): BrowserShop {
  let opened: { world: World; shop: Shop; browser: Browser } | undefined
  const parts = () => {
    if (!opened) throw new Error('the shop is open while tests run')
    return opened
  }
  beforeAll(async () => {
    const browser = await startBrowser()
    const world = await createWorld()
    opened = { browser, world, shop: await openShop(world) }
  })
  afterAll(async () => {
    await opened?.browser.close()
    await opened?.world.close()
  })
  const visitShop = (options?: BrowserContextOptions) => visit(parts().browser, parts().world.url, options)
  return {
    get world() {
      return parts().world
    },
    get shop() {
      return parts().shop
    },
    get browser() {
      return parts().browser
    },
    visit: visitShop,
    visiting: async (options, work) => {
      const visitor = await visitShop(options)
      await work(visitor.page, visitor)
      expect(visitor.complaints).toEqual([])
      expect(visitor.strays).toEqual([])
      await visitor.close()
    },
  }
}

export const heading = (page: Page, text: string) => page.locator('h1', { hasText: text }).waitFor()
