import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { collecting, createLog, describeError, withoutSecrets } from '../../server/log'

test('a failed query is logged without the values it was given', () => {
  const error = new Error('Failed query: insert into "stores" values ($1)\nparams: buyer@example.com,whsec_abcdefgh')
  const described = describeError(error)
  expect(described.message).toBe('Failed query: insert into "stores" values ($1)')
  expect(JSON.stringify(described)).not.toMatch(/buyer@example\.com|whsec_/)
  expect(described.stack).toMatch(/log\.test\.ts/)
})

test('the database’s own words about a row stay out, its code comes in', () => {
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (email)=(a@b.c) exists' })
  const described = describeError(new Error('Failed query: insert', { cause }))
  expect(described.cause).toMatchObject({ message: 'duplicate key', code: '23505' })
  expect(JSON.stringify(described)).not.toContain('a@b.c')
})

test('keys, sessions, signing secrets and card numbers are cut from any message', () => {
  const text =
    'key sk_live_0123456789ab session cs_test_0123456789 hook whsec_abc/def+ghi= card 4242 4242 4242 4242 end'
  expect(withoutSecrets(text)).toBe('key [secret] session [secret] hook [secret] card [secret] end')
  expect(withoutSecrets('order 1234567890 of 2026-03-02T09:00:00.000Z')).toBe(
    'order 1234567890 of 2026-03-02T09:00:00.000Z',
  )
})

test('a line is JSON with its fields; a field that is named like a secret is blanked, one level deep too', () => {
  const lines: string[] = []
  const log = createLog('info', {
    write: (line) => lines.push(line),
    written: async () => undefined,
    flushSync: () => undefined,
  })
  log.info(
    { request_id: 'req_1', authorization: 'Bearer sk', headers: { 'x-api-key': 'k' }, card: { number: '4' } },
    'm',
  )
  log.debug({}, 'below the level')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    msg: 'm',
    request_id: 'req_1',
    authorization: '[secret]',
    headers: { 'x-api-key': '[secret]' },
    card: '[secret]',
  })
})

test('what was logged before an end is written by then, also what a write was busy with', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-log-'))
  const file = join(folder, 'log')
  const log = createLog('info', collecting(file))
  for (let nth = 0; nth < 500; nth += 1) log.info({ nth, filler: 'x'.repeat(100) }, 'm')
  await log.written()
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(500)
  await log.written()
  rmSync(folder, { recursive: true })
})
