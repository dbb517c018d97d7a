import { expect, test } from 'vitest'
import { judge } from '../../../server/domain/webhooks/verdict'
import type { SendOutcome } from '../../../server/ports/sender'

const createdAt = new Date('2026-03-02T09:00:00.000Z')
const answered = (status: number, headers: Record<string, string> = {}): SendOutcome => ({
  kind: 'answered',
  status,
  headers,
  body: '',
  durationMs: 5,
})
const network: SendOutcome = { kind: 'network', error: 'The receiver refused the connection.', durationMs: 5 }
const first = { attempts: 1, createdAt }
const gap = (outcome: SendOutcome, attempts: number, random = 0.5, now = createdAt) => {
  const verdict = judge(outcome, { attempts, createdAt }, now, () => random)
  if (verdict.status !== 'pending') throw new Error(`ended: ${verdict.status}`)
  return (verdict.dueAt.getTime() - now.getTime()) / 1_000
}

test.each([200, 201, 204, 299])('%i is a success', (status) => {
  expect(judge(answered(status), first, createdAt).status).toBe('succeeded')
})

test.each([408, 425, 429, 500, 502, 503, 504, 599])('%i is tried again', (status) => {
  expect(judge(answered(status), first, createdAt).status).toBe('pending')
})

test.each([300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 422, 451])('%i ends at once', (status) => {
  expect(judge(answered(status), first, createdAt).status).toBe('failed')
})

test('a network failure is tried again, a refused address is not', () => {
  expect(judge(network, first, createdAt).status).toBe('pending')
  expect(judge({ ...network, kind: 'refused' }, first, createdAt)).toMatchObject({ status: 'failed', disables: false })
})

test('only 410 disables the endpoint', () => {
  expect(judge(answered(410), first, createdAt)).toMatchObject({ disables: true })
  expect(judge(answered(404), first, createdAt)).toMatchObject({ disables: false })
})

test('nine gaps of 3.5 s, doubling, make about half an hour; the tenth failure is the last', () => {
  const gaps = Array.from({ length: 9 }, (_, index) => gap(network, index + 1))
  expect(gaps).toEqual([3.5, 7, 14, 28, 56, 112, 224, 448, 896])
  expect(judge(network, { attempts: 10, createdAt }, createdAt)).toMatchObject({
    status: 'failed',
    error: 'The receiver refused the connection. It was the last of 10 attempts.',
  })
})

test('each gap varies by a fifth to both sides', () => {
  expect(gap(network, 1, 0)).toBeCloseTo(2.8)
  expect(gap(network, 1, 0.999_999)).toBeCloseTo(4.2, 2)
})

test('Retry-After in seconds or as a date makes the wait longer, never shorter', () => {
  expect(gap(answered(503, { 'retry-after': '120' }), 1)).toBe(120)
  expect(gap(answered(429, { 'retry-after': 'Mon, 02 Mar 2026 09:05:00 GMT' }), 1)).toBe(300)
  expect(gap(answered(503, { 'retry-after': '1' }), 1)).toBe(3.5)
  for (const nonsense of ['soon', '-5', '', '1e9']) expect(gap(answered(503, { 'retry-after': nonsense }), 1)).toBe(3.5)
})

test('Retry-After does not reach beyond the half hour of the schedule', () => {
  expect(gap(answered(503, { 'retry-after': '86400' }), 1)).toBe(1_800)
  const late = new Date(createdAt.getTime() + 3_600_000)
  expect(gap(answered(503, { 'retry-after': '86400' }), 2, 0.5, late)).toBe(7)
})
