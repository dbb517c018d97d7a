import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorld, type World } from '../support/world'

const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

/** The scenarios that need no tool of a given name, of the protocol's own suite for 2025-11-25. */
test.each(['server-initialize', 'ping', 'tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection'])(
  "passes the protocol's own suite: %s",
  async (scenario) => {
    const args = [SUITE, 'server', '--url', `${world.url}/mcp`, '--scenario', scenario]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
    expect(stdout + stderr).toMatch(/Passed: ([1-9]\d*)\/\1, 0 failed, 0 warnings/)
  },
)
