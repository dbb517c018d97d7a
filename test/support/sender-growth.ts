import { createSender } from '../../server/sender/pinned'

/** Run as a process of its own, whose memory nothing else uses: `url times`. Prints by how many bytes it grew, and the last outcome. */
const [url = '', times = ''] = process.argv.slice(2)
const sender = createSender({ allowPrivate: true })
const send = () => sender.send({ url, isTest: true, headers: {}, body: '{}', timeoutMs: 60_000 })
await send()
const before = process.memoryUsage().rss
let outcome = await send()
for (let sent = 1; sent < Number(times); sent++) outcome = await send()
process.stdout.write(JSON.stringify({ grown: process.memoryUsage().rss - before, outcome }))
process.exit(0)
