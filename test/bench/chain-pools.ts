import { sql } from 'drizzle-orm'
import { type Deps, storeContext } from '../../server/context'
import { updateSettings } from '../../server/domain/crypto/settings'
import { openStore } from '../../server/domain/stores/service'
import { tronWallet } from '../support/crypto'

const PAGE = 10_000

const FREE = sql`insert into free_addresses (store_id, address_id, is_test, network, address, resting_since)
  select store_id, id, is_test, network, address, 'epoch' from receive_addresses`

export async function openStores(deps: Deps, count: number): Promise<bigint[]> {
  const ids: bigint[] = []
  for (let n = 0; n < count; n++) {
    const { store } = await openStore(deps, { name: `Shop ${n}`, email: 'owner@example.com' }, true)
    await updateSettings(storeContext(deps, store.storeId, false), { expiry_minutes: 1_440 })
    ids.push(store.storeId)
  }
  return ids
}

/** By the database, which takes a minute less. Of digits only: such an address has no capitals to check. */
export async function addAddresses({ db }: Deps, stores: readonly bigint[], count: number): Promise<void> {
  await db.execute(sql`insert into receive_addresses (store_id, id, is_test, network, address, status, created_at)
    select s.store_id, gen_random_uuid(), false, 'bsc',
      '0x' || translate(md5(n::text) || substr(md5(n || 'x'), 1, 8), 'abcdef', '012345'), 'active', now()
    from (select store_id, row_number() over () as nth from stores) s
    join generate_series(1, ${sql.raw(String(count))}) n on n % ${sql.raw(String(stores.length))} + 1 = s.nth`)
  await db.execute(sql`insert into address_owners (address, network, realm, store_id, address_id, added_at)
    select address, network, 0, store_id, id, created_at - interval '1 day' from receive_addresses`)
  await db.execute(FREE)
  for (const table of ['receive_addresses', 'free_addresses', 'address_owners'])
    await db.execute(sql.raw(`vacuum analyze ${table}`))
}

/** Their checksums are made here. */
export async function addTronAddresses({ db }: Deps, stores: readonly bigint[], count: number): Promise<void> {
  for (let first = 0; first < count; first += PAGE) {
    const nths = Array.from({ length: Math.min(PAGE, count - first) }, (_, nth) => first + nth)
    const addresses = `{${nths.map(tronWallet).join()}}`
    const owners = `{${nths.map((nth) => stores[nth % stores.length]).join()}}`
    await db.execute(sql`insert into receive_addresses (store_id, id, is_test, network, address, status, created_at)
      select s, gen_random_uuid(), false, 'tron', a, 'active', now() - interval '1 day'
      from unnest(${addresses}::text[], ${owners}::bigint[]) one(a, s)`)
  }
  await db.execute(sql`insert into address_owners (address, network, realm, store_id, address_id, added_at)
    select address, network, 0, store_id, id, created_at from receive_addresses`)
  await db.execute(FREE)
}
