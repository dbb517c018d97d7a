import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import { expect, test } from 'vitest'
import { AppError, ERRORS, type ErrorCode, toErrorBody } from '../../../server/kernel/errors'

const codes = Object.keys(ERRORS) as ErrorCode[]

test.each(codes)('%s has a status from 400 to 599 and a tRPC code', (code) => {
  const { status, trpc, retryable } = ERRORS[code]
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThanOrEqual(599)
  expect(TRPC_ERROR_CODES_BY_KEY).toHaveProperty(trpc)
  expect(typeof retryable).toBe('boolean')
  expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
})

test('a caller hears message, code, field and hint, with null for what is not said', () => {
  expect(toErrorBody(new AppError('product_not_found', 'Product not found'))).toEqual({
    error: 'Product not found',
    code: 'product_not_found',
    field: null,
    hint: null,
    retryable: false,
  })
  const full = new AppError('rate_limited', 'Too many calls', { field: 'key', hint: 'Wait.' })
  expect(toErrorBody(full)).toMatchObject({ field: 'key', hint: 'Wait.', retryable: true })
  expect(full.status).toBe(429)
})

test('the cause of an error is kept for the log and never rendered', () => {
  const error = new AppError('internal_error', 'Try again.', { cause: new Error('password=hunter2') })
  expect(error.cause).toBeInstanceOf(Error)
  expect(JSON.stringify(toErrorBody(error))).not.toContain('hunter2')
})
