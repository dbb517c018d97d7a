import type { TestContext } from 'vitest'
import { type Environment, emptyPlace, type ServerProcess, startServer } from '../support/server'

/** What a test's own context offers for cleaning up behind it, which works for tests that run at once too. */
export type Finishing = Pick<TestContext, 'onTestFinished'>

/** Where a server keeps its data, until the test ends. */
export async function newPlace({ onTestFinished }: Finishing): Promise<Environment> {
  const { environment, remove } = await emptyPlace()
  onTestFinished(remove)
  return environment
}

/** A server that is gone when the test ends. */
export async function start({ onTestFinished }: Finishing, environment: Environment): Promise<ServerProcess> {
  const server = await startServer(environment)
  onTestFinished(async () => void (await server.end('SIGKILL')))
  return server
}
