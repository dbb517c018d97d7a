import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const garbage = fileURLToPath(new URL('../../../server/sender/garbage.ts', import.meta.url))

/** A process that makes 30,000 requests, 128 of which are open at a time; it says how many megabytes of them its heap held at most. */
const SENDER = `
  import { heapSize } from 'bun:jsc'
  import { createCollector } from ${JSON.stringify(garbage)}
  const collect = createCollector()
  const open = []
  let most = 0
  for (let made = 0; made < 30_000; made++) {
    open[made % 128] = Array.from({ length: 100 }, (_, number) => ({ made, number, text: String(made + number) }))
    collect()
    most = Math.max(most, heapSize())
  }
  console.log(most / 2 ** 20)
`

test('what thousands of requests leave behind is gone before it is much', () => {
  const most = Number(execFileSync(process.execPath, ['-e', SENDER], { encoding: 'utf8' }))
  expect(most).toBeLessThan(12)
})
