/** `bun run bench [chain|doors|ledger|revenue|webhooks] [its arguments]` */
const BENCHMARKS: Readonly<Record<string, () => Promise<unknown>>> = {
  chain: () => import('./chain'),
  doors: () => import('./run'),
  ledger: () => import('./ledger'),
  revenue: () => import('./revenue'),
  webhooks: () => import('./webhooks'),
}

const named = BENCHMARKS[process.argv[2] ?? '']
if (named) process.argv.splice(2, 1)
await (named ?? BENCHMARKS.doors)?.()

export {}
