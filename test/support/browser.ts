import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sparticuz, { inflate } from '@sparticuz/chromium'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Nothing that calls home, and nothing that weakens what the tests check (no `--disable-web-security`). */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-default-apps',
  '--no-first-run',
  '--no-pings',
  '--metrics-recording-only',
]

type Candidate = { executablePath: string; env?: Record<string, string> }

/**
 * Real Chromium: CHROMIUM_PATH, else the one that npm brought (with the machine's libraries, else with those that came along),
 * else the system's. Fails with one line that says what to do.
 */
export async function startBrowser(): Promise<Browser> {
  const failures: string[] = []
  for (const find of [named, fromNpm, fromNpmWithLibraries, ofSystem]) {
    try {
      const candidate = await find()
      if (!candidate || !existsSync(candidate.executablePath)) continue
      return await chromium.launch({ ...candidate, headless: true, args: FLAGS, timeout: 20_000 })
    } catch (error) {
      failures.push(`${find.name}: ${reasonOf(error)}`)
    }
  }
  throw new Error(
    `No Chromium starts here. Install its libraries (Debian: apt-get install libnss3 libnspr4) or a Chromium and set CHROMIUM_PATH. ${failures.join('; ')}`,
  )
}

const named = (): Candidate | undefined =>
  process.env.CHROMIUM_PATH ? { executablePath: process.env.CHROMIUM_PATH } : undefined

const ofSystem = (): Candidate => ({ executablePath: '/usr/bin/chromium' })

const fromNpm = async (): Promise<Candidate> => ({ executablePath: await sparticuz.executablePath() })

/** The package brings NSS for machines that have none, and unpacks it only on a cloud's own. */
async function fromNpmWithLibraries(): Promise<Candidate> {
  const packed = fileURLToPath(new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium')))
  const libraries = join(await inflate(packed), 'lib')
  return { ...(await fromNpm()), env: { ...definedEnvironment(), LD_LIBRARY_PATH: libraries } }
}

function definedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** The line of Playwright's long report that names a missing library, or its first. */
function reasonOf(error: unknown): string {
  const text = String(error)
  return /error while loading shared libraries: [^\n]*/.exec(text)?.[0] ?? text.split('\n', 1)[0] ?? ''
}

export type Visitor = {
  page: Page
  /** Content security violations and uncaught errors that the pages reported. */
  complaints: string[]
  /** Requests that left the server's origin. */
  strays: string[]
  close(): Promise<void>
}

/** A buyer with a browser profile of their own, whose every request and complaint is written down. */
export async function visit(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  context.setDefaultTimeout(60_000)
  const complaints: string[] = []
  const strays: string[] = []
  context.on('request', (request) => {
    const { protocol } = new URL(request.url())
    if (protocol !== 'data:' && new URL(request.url()).origin !== origin) strays.push(request.url())
  })
  context.on('console', (message) => {
    // A refused payment answers 4xx, which Chromium notes too; that is no complaint about the page.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  return { page: await context.newPage(), complaints, strays, close: () => context.close() }
}
