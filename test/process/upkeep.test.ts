import { expect, test } from 'vitest'
import { type Db, openPglite, openPostgres } from '../../server/db/client'
import { ledgerBalances, ledgerEntries } from '../../server/domain/ledger/table'
import { callRest } from '../support/calls'
import { type Environment, printedKeys, runServer } from '../support/server'
import { type Finishing, newPlace, start } from './places'

async function run(environment: Environment, ...args: string[]) {
  const command = runServer(environment, args)
  return { code: await command.ended, stdout: command.stdout() }
}

async function sellOnce(finishing: Finishing, environment: Environment): Promise<void> {
  const server = await start(finishing, environment)
  const call = async <T>(method: string, path: string, body?: object) => {
    const answer = await callRest<T>(server.url, method, `/v1${path}`, { key: printedKeys(server).test, body })
    expect(answer.status).toBeLessThan(300)
    return answer.body
  }
  const product = await call<{ id: string }>('POST', '/products', { name: 'Kit', price_cents: 1_900 })
  const order = await call<{ id: string }>('POST', '/orders', { product_id: product.id })
  await call('POST', `/orders/${order.id}/pay_test`, {})
  type Balance = { balances: { available_cents: number }[] }
  expect((await call<Balance>('GET', '/balance')).balances[0]).toMatchObject({ available_cents: 1_900 })
  await server.end()
}

async function withDatabase(environment: Environment, work: (db: Db) => Promise<void>) {
  const { DATABASE_URL, PAYHOOK_DATA_DIR = '' } = environment
  const database = DATABASE_URL ? await openPostgres(DATABASE_URL) : await openPglite(PAYHOOK_DATA_DIR)
  await work(database.db).finally(() => database.close())
}

test('damaged balances are named by verify-ledger, which ends with 1, and mended by rebuild-ledger', async (finishing) => {
  const environment = await newPlace(finishing)
  await sellOnce(finishing, environment)
  expect(await run(environment, 'verify-ledger')).toEqual({ code: 0, stdout: 'The ledger is sound.\n' })
  await withDatabase(environment, async (db) => {
    const [sold] = await db.select().from(ledgerEntries)
    if (!sold) throw new Error('no entry')
    const key = {
      storeId: sold.storeId,
      isTest: true,
      account: 'store_balance',
      currency: 'usd',
      kind: 'refund',
    } as const
    await db.insert(ledgerBalances).values({ ...key, amountMinor: 7n })
  })
  const damaged = await run(environment, 'verify-ledger')
  expect(damaged.code).toBe(1)
  expect(damaged.stdout).toMatch(/: balance store_balance usd refund \S+ is off by 7; rebuild-ledger mends it\n/)
  expect(await run(environment, 'rebuild-ledger')).toMatchObject({ code: 0 })
  expect(await run(environment, 'verify-ledger')).toMatchObject({ code: 0 })
})
