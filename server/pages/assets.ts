import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Log } from '../context'
import type { Theme } from './frame'

/** A file of the pages; its name holds its hash, so that browsers may keep it for ever. */
export type Asset = { name: string; type: string; bytes: Uint8Array; gzipped: Uint8Array }

/** `script` is null when it couldn't be bundled: every page works without it. */
export type Assets = {
  styles: Record<Theme, Asset>
  script: Asset | null
  /** What shops load from `/js/…`, by its file name there. */
  browserScripts: ReadonlyMap<string, Asset>
}

/** In the order of the cascade; what is different in the dark comes after the first. */
const STYLES = ['checkout', 'form', 'methods', 'single', 'pay']

/** The script for shops has two names, for the two documents that its users may have read. */
export const BRANDS = ['payhook', 'pebblepay'] as const

const CLIENT = fileURLToPath(new URL('./client/', import.meta.url))

/**
 * Makes the stylesheets and the scripts once, at the first request rather than at the start, which stays fast. The bundler is
 * Bun's own: this file is, beside index.ts, the only one of the server that touches Bun.
 */
export function createAssets(log: Log): () => Promise<Assets> {
  let made: Promise<Assets> | undefined
  const tried = (name: string, bundled: Promise<Asset>) =>
    bundled.catch((error: unknown) => {
      log.error(
        { err: error, script: name },
        'a script of the checkout could not be bundled; its pages work without it',
      )
      return null
    })
  const make = async (): Promise<Assets> => {
    const browserScripts = new Map<string, Asset>()
    for (const brand of BRANDS) {
      const script = await tried(brand, bundleBrowserScript(brand))
      if (script) browserScripts.set(`${brand}.js`, script)
    }
    return {
      styles: { auto: styleOf('auto'), light: styleOf('light'), dark: styleOf('dark') },
      script: await tried('checkout', bundle('checkout.ts', { format: 'esm' })),
      browserScripts,
    }
  }
  return () => {
    made ??= make()
    return made
  }
}

function styleOf(theme: Theme): Asset {
  const read = (name: string) => readFileSync(`${CLIENT}${name}.css`, 'utf8')
  const dark = { light: '', dark: read('dark'), auto: `@media (prefers-color-scheme:dark){${read('dark')}}` }[theme]
  return toAsset('css', 'text/css', Buffer.from([read('base'), dark, ...STYLES.map(read)].join('\n')))
}

/** One source; the brand is in its attribute and in the types of its messages. A classic script, as the documents load it. */
function bundleBrowserScript(brand: (typeof BRANDS)[number]): Promise<Asset> {
  return bundle('shop/shop.ts', { format: 'iife', define: { BRAND: JSON.stringify(brand) } })
}

/** TypeScript in, one minified script for browsers out. */
async function bundle(file: string, options: Pick<Bun.BuildConfig, 'format' | 'define'>): Promise<Asset> {
  const result = await Bun.build({ entrypoints: [`${CLIENT}${file}`], target: 'browser', minify: true, ...options })
  const output = result.outputs[0]
  if (!output) throw new Error('the bundler made nothing')
  return toAsset('js', 'text/javascript', new Uint8Array(await output.arrayBuffer()))
}

function toAsset(extension: string, type: string, bytes: Uint8Array): Asset {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  return { name: `${hash}.${extension}`, type: `${type}; charset=utf-8`, bytes, gzipped: gzipSync(bytes) }
}
