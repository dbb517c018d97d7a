import { expect, test } from 'vitest'
import { listenSecret, parseListenOptions } from '../../server/listen'

test('the options of listen are read, and repeated or empty names of events are dropped', () => {
  expect(parseListenOptions([])).toEqual({ forward: undefined, events: [], json: false })
  const args = [
    '--json',
    '--forward=http://localhost:4000/hooks',
    '--events',
    'sale.completed, sale.refunded,,sale.completed',
  ]
  expect(parseListenOptions(args)).toEqual({
    forward: new URL('http://localhost:4000/hooks'),
    events: ['sale.completed', 'sale.refunded'],
    json: true,
  })
})

test.each([
  [['--forward', 'localhost:4000'], /^--forward localhost:4000: must be an http or https URL/],
  [['--forward'], /--forward.*See --help\.$/],
  [['--events', 'sale.complete'], /no event "sale\.complete"\. Did you mean sale\.completed/],
  [['--events', 'zzz'], /no event "zzz"\. The events are: .*sale\.completed/],
  [['--forwrd', 'x'], /'--forwrd'.*See --help\.$/],
  [['extra'], /'extra'.*See --help\.$/],
])('%j is refused with one line that names it', (args, line) => {
  const refused = () => parseListenOptions(args)
  expect(refused).toThrow(line)
  expect(refused).not.toThrow(/\n/)
})

test('the secret that listen signs with is the same for a key each time, and a secret of the usual form', () => {
  expect(listenSecret('sk_test_a')).toBe(listenSecret('sk_test_a'))
  expect(listenSecret('sk_test_a')).not.toBe(listenSecret('sk_test_b'))
  expect(Buffer.from(listenSecret('sk_test_a').replace(/^whsec_/, ''), 'base64')).toHaveLength(32)
})
