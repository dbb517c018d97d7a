import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { FolderInUseError, lockFolder } from '../../server/db/lock'

let other: Bun.Subprocess | undefined
afterEach(() => other?.kill('SIGKILL'))

test('a folder is one process at a time, and free again when released or when the process is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-lock-'))
  const script = `
    const { lockFolder } = await import(${JSON.stringify(join(import.meta.dirname, '../../server/db/lock.ts'))})
    lockFolder(${JSON.stringify(folder)})
    console.log('locked')
    setInterval(() => undefined, 1000)
  `
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'ignore' })
  other = child
  const said = await child.stdout.getReader().read()
  expect(new TextDecoder().decode(said.value)).toContain('locked')
  expect(() => lockFolder(folder)).toThrow(FolderInUseError)
  child.kill('SIGKILL')
  await child.exited
  const lock = lockFolder(folder)
  expect(() => lockFolder(folder)).toThrow(FolderInUseError)
  lock.release()
  lockFolder(folder).release()
  rmSync(folder, { recursive: true })
})
