import { expect, test } from 'vitest'
import { reachOf, readTarget } from '../../../server/sender/addresses'

const FORBIDDEN = [
  '0.0.0.0',
  '169.254.169.254',
  '100.100.100.200',
  '100.64.0.1',
  '168.63.129.16',
  '192.0.0.192',
  '198.18.0.1',
  '192.0.2.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::7f00:1',
  '::ffff:169.254.169.254',
  '64:ff9b::7f00:1',
  '64:ff9b::808:808',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  'no address',
]
const PRIVATE = [
  '127.0.0.1',
  '127.8.9.10',
  '10.0.0.1',
  '172.16.5.4',
  '192.168.1.1',
  '::1',
  'fd00:ec2::254',
  '::ffff:10.0.0.1',
]
const PUBLIC = ['8.8.8.8', '93.184.216.34', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8']

test.each(FORBIDDEN)('%s may never be called', (address) => {
  expect(reachOf(address)).toBe('forbidden')
})
test.each(PRIVATE)('%s may be called in development only', (address) => {
  expect(reachOf(address)).toBe('private')
})
test.each(PUBLIC)('%s may be called', (address) => {
  expect(reachOf(address)).toBe('public')
})

const STRICT = { allowPrivate: false, allowHttp: false }
const RELAXED = { allowPrivate: true, allowHttp: true }

/** The literal cases of a URL; what they lead to doesn't matter for the disguised ones. */
const REFUSED_URLS = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://134744072/',
  'https://0/',
  'https://0.0.0.0/',
  'https://１２７.０.０.１/',
  'https://127.0.0.1./',
  'https://[::]/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:8.8.8.8]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[fe80::1]/',
  'https://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/',
  'https://user@example.com/',
  'https://user:secret@example.com/',
  'https://@example.com/',
  'https:example.com',
  'https:\\\\example.com\\',
  'https:///example.com/',
  'http://example.com/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'data:text/plain,hello',
  'not a url',
]

test.each(REFUSED_URLS)('%s is refused in words from its text alone', (url) => {
  const target = readTarget(url, STRICT)
  expect(target).toHaveProperty('refusal')
  expect('refusal' in target && target.refusal).toMatch(/^It.{20,}\.$/)
})

test.each([
  'https://example.com/hooks?a=b',
  'https://example.com:8443/',
  'https://8.8.8.8/',
  'https://[2606:4700::1111]:444/x',
])('%s is accepted', (url) => {
  expect(readTarget(url, STRICT)).not.toHaveProperty('refusal')
})

test('private addresses and http pass where the operator allows them; the metadata service and disguises still do not', () => {
  for (const url of ['http://127.0.0.1:3000/', 'http://[::1]/', 'http://192.168.1.5/', 'http://example.com/'])
    expect(readTarget(url, RELAXED)).not.toHaveProperty('refusal')
  for (const url of ['http://169.254.169.254/', 'http://2130706433/', 'http://0.0.0.0/', 'http://[::ffff:127.0.0.1]/'])
    expect(readTarget(url, RELAXED)).toHaveProperty('refusal')
})
