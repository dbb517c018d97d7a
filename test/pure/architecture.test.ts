import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** The rules of CONTRIBUTING.md's "What may import what", read from the import statements. A broken rule names file and import. */

const root = fileURLToPath(new URL('../..', import.meta.url))

type Import = { to: string; typeOnly: boolean }
type Source = { path: string; text: string; imports: Import[] }

const paths = globSync('{server,mcp}/**/*.{ts,tsx}', { cwd: root }).sort()
const known = new Set(paths)
const sources: Source[] = paths.map((path) => {
  const text = readFileSync(join(root, path), 'utf8')
  return { path, text, imports: importsOf(path, text) }
})

function importsOf(path: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm)
  const dynamic = text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)
  return [
    ...[...statements].map((match) => ({ to: resolve(path, match[2] ?? match[3] ?? ''), typeOnly: Boolean(match[1]) })),
    ...[...dynamic].map((match) => ({ to: resolve(path, match[1] ?? ''), typeOnly: false })),
  ]
}

/** A file of ours by its path, a package by its name. */
function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  const base = normalize(join(dirname(from), specifier))
  return [base, `${base}.ts`, `${base}.tsx`, `${base}/index.ts`].find((path) => known.has(path)) ?? base
}

/** From the bottom up; a file imports from its own layer and those below. The first pattern that matches a path decides. */
const LAYERS: [name: string, pattern: RegExp][] = [
  ['kernel', /^server\/kernel\//],
  ['ports', /^server\/ports\//],
  [
    'base',
    /^server\/(config|billing-file|context|client-address|metrics(-chain)?|api-key|rate-limit)\.ts$|^server\/db\//,
  ],
  ['tables and schemas', /^server\/domain\/\w+\/([\w-]+-)?(table|schema|catalogue|payloads)\.ts$/],
  ['services', /^server\/domain\/\w+\/(?!([\w-]+-)?router\.)|^server\/jobs\/worker\.ts$/],
  ['outside', /^server\/(gateways|sender|mailer|chain)\//],
  ['procedures', /^server\/trpc(-errors|-idempotency)?\.ts$/],
  ['routers', /^server\/domain\/\w+\/([\w-]+-)?router\.ts$/],
  ['router', /^server\/router\.ts$/],
  ['operations', /^server\/operations\.ts$/],
  ['doors', /^server\/(rest|pages|inbound|jobs)\/|^mcp\/(?!stdio)|^server\/(health|trpc-http)\.ts$/],
  ['app', /^server\/(app|deps|log)\.ts$/],
  ['process', /^server\/|^mcp\/stdio\.ts$/],
]

const layerOf = (path: string) => LAYERS.findIndex(([, pattern]) => pattern.test(path))
const layerNamed = (name: string) => LAYERS.findIndex(([layer]) => layer === name)
const domainOf = (path: string) => /^server\/domain\/(\w+)\//.exec(path)?.[1]
const fileOf = (path: string) => /([\w-]+)\.tsx?$/.exec(path)?.[1] ?? ''

/** `context.ts` names by type what it carries; it runs nothing of theirs. */
const NAMES_TYPES_OF_ALL = new Set(['server/context.ts'])

test('imports point downwards through the layers', () => {
  const broken = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ to, typeOnly }) => known.has(to) && !(typeOnly && NAMES_TYPES_OF_ALL.has(path)))
      .filter(({ to }) => layerOf(to) > layerOf(path))
      .map(({ to }) => `${path} → ${to}`),
  )
  expect(broken).toEqual([])
})

test('kernel and ports import nothing of ours above the kernel', () => {
  const broken = sources
    .filter(({ path }) => layerOf(path) <= layerNamed('ports'))
    .flatMap(({ path, imports }) =>
      imports.filter(({ to }) => known.has(to) && layerOf(to) > layerOf(path)).map(({ to }) => `${path} → ${to}`),
    )
  expect(broken).toEqual([])
})

test('gateways, senders, mailers and chains know the kernel and the ports only', () => {
  const outside = /^server\/(gateways|sender|mailer|chain)\//
  // The chains' prices are read on the chains themselves, by the same nodes.
  const partOf = (path: string) => (path.startsWith('server/chain/') ? 'server/chain' : dirname(path))
  const broken = sources
    .filter(({ path }) => outside.test(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ to }) => known.has(to) && partOf(to) !== partOf(path) && !/^server\/(kernel|ports)\//.test(to))
        .map(({ to }) => `${path} → ${to}`),
    )
  expect(broken).toEqual([])
})

const FOREIGN_TO_SERVICES = /^(hono|@trpc|@modelcontextprotocol|stripe|viem|nodemailer|postgres|@electric-sql)\b/

test('a domain imports no transport, no vendor and no database driver', () => {
  const broken = sources
    .filter(({ path }) => domainOf(path) && !fileOf(path).endsWith('router'))
    .flatMap(({ path, imports }) =>
      imports.filter(({ to }) => FOREIGN_TO_SERVICES.test(to)).map(({ to }) => `${path} → ${to}`),
    )
  expect(broken).toEqual([])
})

test('only the router that joins them all imports a domain’s router, and a router reads no table', () => {
  const broken = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ to }) =>
        fileOf(to) === 'router' && domainOf(to)
          ? path !== 'server/router.ts'
          : fileOf(to) === 'table' && fileOf(path) === 'router',
      )
      .map(({ to }) => `${path} → ${to}`),
  )
  expect(broken).toEqual([])
})

test('no file imports itself through others', () => {
  const graph = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter(({ to, typeOnly }) => known.has(to) && !typeOnly).map(({ to }) => to),
    ]),
  )
  expect(cyclesOf(graph)).toEqual([])
})

function cyclesOf(graph: Map<string, string[]>): string[] {
  const finished = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path)) return void cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    if (finished.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    finished.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return cycles
}

/** The rest takes what it needs as an argument, so that it runs under any runtime and in any test. */
const TOUCHES_THE_PROCESS = new Map([
  ['server/index.ts', 'is the process'],
  ['mcp/stdio.ts', 'is a process too'],
  ['server/db/lock.ts', 'takes its lock through bun:sqlite'],
  ['server/sender/garbage.ts', 'asks the collector of garbage, as bun:jsc alone can'],
  ['server/pages/assets.ts', 'bundles the browser’s script with Bun.build'],
  ['server/rest/docs/samples.ts', 'shows process.env in samples for readers'],
  ['server/rest/docs/receiving-samples.ts', 'shows it too'],
])

test('only the entry points touch Bun and the process', () => {
  const broken = sources
    .filter(({ path }) => !TOUCHES_THE_PROCESS.has(path))
    .flatMap(({ path, text, imports }) => [
      ...imports.filter(({ to }) => /^(bun|bun:\w+|node:process)$/.test(to)).map(({ to }) => `${path} → ${to}`),
      ...[...codeOf(text).matchAll(/(?<![\w.'])(?:Bun|process)\.\w+/g)].map((match) => `${path}: ${match[0]}`),
    ])
  expect(broken).toEqual([])
})

test('time comes from the clock', () => {
  const broken = sources
    .filter(({ path }) => path !== 'server/kernel/clock.ts')
    .flatMap(({ path, text }) =>
      [...codeOf(text).matchAll(/new Date\(\)|Date\.now\(\)/g)].map((match) => `${path}: ${match[0]}`),
    )
    // Pages carry scripts that run in the buyer's browser, and receivers run on another machine: each has a clock of its own.
    .filter((line) => !/^server\/(pages\/[\w/-]*client|receiver\/|rest\/docs\/receiving-samples)/.test(line))
  expect(broken).toEqual([])
})

/** What a sharded PostgreSQL refuses or answers differently on each shard. */
const NOT_IN_SQL =
  /\b(now|gen_random_uuid|clock_timestamp|random|nextval|pg_advisory\w*)\s*\(|\b(current_timestamp|interval)\b/gi

test('the database is not asked for the time, an id or a lock by name', () => {
  const broken = sources
    .filter(({ path }) => domainOf(path))
    .flatMap(({ path, text }) =>
      sqlOf(text).flatMap((query) => [...query.matchAll(NOT_IN_SQL)].map((match) => `${path}: ${match[0]}`)),
    )
  expect(broken).toEqual([])
})

/** The words of every sql`…` of a file, without what is put into them. */
function sqlOf(text: string): string[] {
  return [...codeOf(text).matchAll(/\bsql(?:<[^`]*>)?`([^`]*)`/g)].map((match) =>
    String(match[1]).replace(/\$\{[^}]*\}/g, ' '),
  )
}

const MAX_LINES = 300

test(`no file has more than ${MAX_LINES} lines, unless a test writes it`, () => {
  const written = sources.filter(({ text }) => !text.startsWith('// Made from the catalogue'))
  const long = written.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
  expect(long.filter(({ lines }) => lines > MAX_LINES)).toEqual([])
})

test('a file’s name says what it is', () => {
  const vague = paths.filter((path) => /(^|[/_-])(utils?|helpers?|common|managers?|misc)([/._-])/i.test(path))
  expect(vague).toEqual([])
})

test('a domain has a table, a schema and a service where it has a router', () => {
  const domains = new Set(paths.map(domainOf).filter((name) => name !== undefined))
  const lacking = [...domains].flatMap((name) => {
    const has = (file: string) => known.has(`server/domain/${name}/${file}.ts`)
    return has('router')
      ? ['schema', 'service'].filter((file) => !has(file)).map((file) => `${name} lacks ${file}`)
      : []
  })
  expect(lacking).toEqual([])
})

test('types are proven, not asserted away', () => {
  const everything = [...paths, ...globSync('test/**/*.{ts,tsx}', { cwd: root })]
  const forbidden = new RegExp(['as any', 'as unknown as', '@ts-ignore', '@ts-nocheck', 'biome-ignore'].join('|'), 'g')
  const broken = everything
    .filter((path) => path !== relative(root, fileURLToPath(import.meta.url)))
    .flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(forbidden)].map((match) => `${path}: ${match[0]}`),
    )
  expect(broken).toEqual([])
})

/** Without comments, which may speak of what code may not do. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}
