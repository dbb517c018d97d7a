import { expect, test } from 'vitest'
import { answeredSoon } from '../../../server/kernel/answered-soon'

const never = new Promise<string>(() => undefined)
const failing = () => Promise.reject(new Error('no answer'))

/** More than any test waits. */
const PATIENT_MS = 600_000

test('when all have answered nobody waits, and the answers are in the order of their coming', async () => {
  const late = Promise.withResolvers<string>()
  const answers = answeredSoon([late.promise, Promise.resolve('early')], PATIENT_MS)
  setTimeout(() => late.resolve('late'))
  expect(await answers).toEqual(['early', 'late'])
})

test('one that hangs is not waited for longer than the patience after the first answer', async () => {
  expect(await answeredSoon([never, Promise.resolve('here')], 1)).toEqual(['here'])
})

test('who fails or has nothing to say is left out, and does not begin the wait', async () => {
  const slow = Promise.withResolvers<string>()
  const answers = answeredSoon([failing(), Promise.resolve(undefined), slow.promise], 0)
  setTimeout(() => slow.resolve('slow'), 20)
  expect(await answers).toEqual(['slow'])
  expect(await answeredSoon([failing(), Promise.resolve(undefined)], PATIENT_MS)).toEqual([])
  expect(await answeredSoon([], PATIENT_MS)).toEqual([])
})

test('an answer or a failure that comes too late changes nothing', async () => {
  const late = Promise.withResolvers<string>()
  const failed = Promise.withResolvers<string>()
  const answers = await answeredSoon([Promise.resolve('here'), late.promise, failed.promise], 1)
  late.resolve('late')
  failed.reject(new Error('late too'))
  await Promise.allSettled([late.promise, failed.promise])
  expect(answers).toEqual(['here'])
})
