import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { startBrowser, type Visitor, visit } from './browser'
import { held } from './held'
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

export function useBrowserShop(open: () => Promise<World> = createWorld): BrowserShop {
  const opened = held<{ world: World; shop: Shop; browser: Browser }>('the shop')
  beforeAll(async () => {
    const browser = await startBrowser()
    const world = await open()
    opened.set({ browser, world, shop: await openShop(world) })
  })
  afterAll(async () => {
    await opened.peek()?.browser.close()
    await opened.peek()?.world.close()
  })
  const visitShop = (options?: BrowserContextOptions) => visit(opened.get().browser, opened.get().world.url, options)
  return {
    get world() {
      return opened.get().world
    },
    get shop() {
      return opened.get().shop
    },
    get browser() {
      return opened.get().browser
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
