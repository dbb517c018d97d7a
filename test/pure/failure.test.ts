import { expect, test } from 'vitest'
import { ConfigError } from '../../server/config'
import { FolderInUseError } from '../../server/db/lock'
import { ForeignSchemaError } from '../../server/db/migrate'
import { explainFailure, type Intent } from '../../server/failure'

const intent: Intent = { port: 3000, host: '127.0.0.1', dataDir: '.payhook', databaseUrl: undefined }
const onPostgres = { ...intent, databaseUrl: 'postgres://shop:hunter2@db.example:5433/sales' }

const coded = (code: string, extra: object = {}) => Object.assign(new Error('words of the driver'), { code, ...extra })

const CASES: [string, unknown, Intent | undefined, RegExp][] = [
  ['a bad variable', new ConfigError('Bad environment. PORT: must be a port number.'), undefined, /PORT/],
  ['a folder in use', new FolderInUseError('/data'), intent, /Another Payhook process.*\/data/],
  ['a taken port', coded('EADDRINUSE', { syscall: 'listen' }), intent, /Port 3000 is taken.*PORT=3001 npm start/],
  ['a foreign address', coded('EADDRNOTAVAIL', { syscall: 'listen' }), intent, /can't listen on 127\.0\.0\.1.*HOST/],
  ['a low port', coded('EACCES', { syscall: 'listen' }), { ...intent, port: 80 }, /port 80.*PORT/],
  ['an unwritable folder', coded('EACCES', { syscall: 'mkdir' }), intent, /\.payhook can't be made.*PAYHOOK_DATA_DIR/],
  ['a file for a folder', coded('EEXIST'), intent, /is a file.*PAYHOOK_DATA_DIR/],
  ['a foreign folder', new ForeignSchemaError('0000_start'), intent, /\.payhook was made by.*PAYHOOK_DATA_DIR/],
  ['a foreign database', new ForeignSchemaError('0000_start'), onPostgres, /database sales was made.*DATABASE_URL/],
  ['no server', coded('ECONNREFUSED'), onPostgres, /db\.example:5433 can't be reached.*DATABASE_URL/],
  ['a wrong password', coded('28P01'), onPostgres, /refused the user shop.*DATABASE_URL/],
  ['no such database', coded('3D000'), onPostgres, /no database sales/],
]

test.each(CASES)('%s is explained in one line that says what to change', (_name, error, where, expected) => {
  const line = explainFailure(error, where)
  expect(line).toMatch(expected)
  expect(line).not.toContain('\n')
  expect(line).not.toContain('hunter2')
})

test('a cause that another error wraps is found', () => {
  expect(explainFailure(new Error('Failed query', { cause: coded('28P01') }), onPostgres)).toMatch(/refused the user/)
})

test('what nobody foresaw is not explained away', () => {
  expect(explainFailure(new TypeError('x is not a function'), intent)).toBeUndefined()
})
