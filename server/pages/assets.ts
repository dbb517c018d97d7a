import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Log } from '../context'

/** A file of the pages; its name holds its hash, so that browsers may keep it for ever. */
export type Asset = { name: string; type: string; bytes: Uint8Array; gzipped: Uint8Array }

/** `script` is null when it couldn't be bundled: every page works without it. */
export type Assets = { style: Asset; script: Asset | null }

/** In the order of the cascade. */
const STYLES = ['base', 'checkout', 'form', 'single']

const CLIENT = fileURLToPath(new URL('./client/', import.meta.url))

/**
 * Makes the stylesheet and the script once, at the first request rather than at the start, which stays fast. The bundler is
 * Bun's own: this file is, beside index.ts, the only one of the server that touches Bun.
 */
export function createAssets(log: Log): () => Promise<Assets> {
  let made: Promise<Assets> | undefined
  const make = async (): Promise<Assets> => ({
    style: toAsset('css', 'text/css', Buffer.concat(STYLES.map((name) => readFileSync(`${CLIENT}${name}.css`)))),
    script: await bundleScript().catch((error: unknown) => {
      log.error({ err: error }, 'the script of the checkout could not be bundled; its pages work without it')
      return null
    }),
  })
  return () => {
    made ??= make()
    return made
  }
}

/** The script of the checkout: TypeScript in, one minified browser module out. */
async function bundleScript(): Promise<Asset> {
  const result = await Bun.build({ entrypoints: [`${CLIENT}checkout.ts`], target: 'browser', minify: true })
  const output = result.outputs[0]
  if (!output) throw new Error('the bundler made nothing')
  return toAsset('js', 'text/javascript', new Uint8Array(await output.arrayBuffer()))
}

function toAsset(extension: string, type: string, bytes: Uint8Array): Asset {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  return { name: `${hash}.${extension}`, type: `${type}; charset=utf-8`, bytes, gzipped: gzipSync(bytes) }
}
