import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unbalancedIn } from '../../../server/domain/ledger/entries'
import { balancesOf, legsBetween, type OrderMoney } from '../../../server/domain/ledger/order-money'
import { addEntry, emptySums } from '../../../server/domain/ledger/roller'
import type { EntryKind, LedgerTailRow } from '../../../server/domain/ledger/table'
import { newRowId } from '../../../server/kernel/ids'

const NEW: OrderMoney = {
  amountMinor: 0n,
  feeMinor: 0n,
  refundedMinor: 0n,
  disputedMinor: 0n,
  lostMinor: 0n,
  currency: 'usd',
}

const sold = (amountMinor: bigint, feeMinor: bigint): OrderMoney => ({ ...NEW, amountMinor, feeMinor })

/** What is credited to an account by legs, less what is debited. */
function credited(legs: ReturnType<typeof legsBetween>, account: string): bigint {
  return legs.filter((leg) => leg.account === account).reduce((sum, leg) => sum - leg.amountMinor, 0n)
}

test('a sale owes the seller the net, and the platform keeps its fee', () => {
  const legs = legsBetween(null, sold(1_900n, 48n))
  expect(credited(legs, 'gateway_clearing')).toBe(-1_900n)
  expect(credited(legs, 'store_balance')).toBe(1_852n)
  expect(credited(legs, 'platform_fees')).toBe(48n)
})

test('a full refund takes the net of the sale from the seller and the fee from the platform', () => {
  const order = sold(1_900n, 48n)
  const legs = legsBetween(order, { ...order, refundedMinor: 1_900n })
  expect(credited(legs, 'store_balance')).toBe(-1_852n)
  expect(credited(legs, 'platform_fees')).toBe(-48n)
  expect(legsBetween(order, { ...order, refundedMinor: 950n }).map(({ amountMinor }) => amountMinor)).toEqual([
    -950n,
    926n,
    24n,
  ])
})

test.each([
  [1n, 0n],
  [19n, 0n],
  [20n, 1n],
  [594n, 15n],
  [1_880n, 47n],
  [1_881n, 48n],
])('a refund of %s of 1900 gives back %s of the fee of 48: half and more count as one', (refundedMinor, back) => {
  const order = sold(1_900n, 48n)
  expect(-credited(legsBetween(order, { ...order, refundedMinor }), 'platform_fees')).toBe(back)
})

test('what is free, and what changes nothing, has no legs', () => {
  expect(legsBetween(null, sold(0n, 0n))).toEqual([])
  expect(legsBetween(sold(500n, 5n), sold(500n, 5n))).toEqual([])
})

test('refunds of parts give back exactly the fee, never more on the way, however the whole is cut', () => {
  const cuts = fc.record({
    parts: fc.array(fc.bigInt({ min: 1n, max: 10_000n }), { minLength: 1, maxLength: 30 }),
    feePerMille: fc.bigInt({ min: 0n, max: 1_000n }),
  })
  fc.assert(
    fc.property(cuts, ({ parts, feePerMille }) => {
      const amount = parts.reduce((sum, part) => sum + part, 0n)
      const fee = (amount * feePerMille) / 1_000n
      let order = sold(amount, fee)
      let returned = 0n
      for (const part of parts) {
        const next = { ...order, refundedMinor: order.refundedMinor + part }
        const back = -credited(legsBetween(order, next), 'platform_fees')
        expect(back).toBeGreaterThanOrEqual(0n)
        expect(back).toBeLessThanOrEqual(part)
        returned += back
        order = next
      }
      expect(returned).toBe(fee)
      expect(Object.values(balancesOf(order)).every((balance) => balance === 0n)).toBe(true)
    }),
  )
})

/** A stream of numbers from one seed: ten thousand drawn by fast-check itself would take minutes to shrink. */
function drawing(seed: number) {
  let state = seed | 0
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return Math.floor(((state >>> 8) / 2 ** 24) * below)
  }
}

type Written = { row: LedgerTailRow; order: number }

function write(kind: EntryKind, order: number, before: OrderMoney | null, after: OrderMoney): Written[] {
  const legs = legsBetween(before, after)
  if (legs.length === 0) return []
  expect(unbalancedIn(legs)).toBeUndefined()
  const row: LedgerTailRow = {
    storeId: 1n,
    id: newRowId(1n),
    isTest: order % 5 === 0,
    kind,
    accounts: legs.map(({ account }) => account),
    currencies: legs.map(({ currency }) => currency),
    amounts: legs.map(({ amountMinor }) => amountMinor),
    createdAt: new Date(0),
  }
  return [{ row, order }]
}

/** Sells, refunds, disputes and decides at random; answers every entry and the orders in the end. */
function tradeAtRandom(seed: number, operations: number) {
  const draw = drawing(seed)
  const orders: OrderMoney[] = []
  const entries: Written[] = []
  const change = (kind: EntryKind, index: number, order: OrderMoney, changes: Partial<OrderMoney>) => {
    const after = { ...order, ...changes }
    entries.push(...write(kind, index, order, after))
    orders[index] = after
  }
  for (let count = 0; count < operations; count++) {
    const index = draw(orders.length)
    const order = orders[index]
    const what = draw(5)
    if (!order || what === 0) {
      const amount = BigInt(draw(20) === 0 ? 0 : draw(5_000))
      const fresh = {
        ...sold(amount, (amount * BigInt(draw(2_000)) + 5_000n) / 10_000n),
        currency: 'usd jpy kwd'.split(' ')[draw(3)] ?? 'usd',
      }
      entries.push(...write('sale', orders.length, null, fresh))
      orders.push(fresh)
      continue
    }
    const { amountMinor, refundedMinor, disputedMinor, lostMinor } = order
    const left = amountMinor - refundedMinor - disputedMinor - lostMinor
    const some = BigInt(draw(Number(left) + 1))
    if (what === 1) change('refund', index, order, { refundedMinor: refundedMinor + some })
    if (what === 2) change('dispute_opened', index, order, { disputedMinor: disputedMinor + some })
    if (what === 3) change('dispute_won', index, order, { disputedMinor: 0n })
    // The bank may take more than was held, when a refund failed meanwhile.
    if (what === 4)
      change('dispute_lost', index, order, { disputedMinor: 0n, lostMinor: lostMinor + disputedMinor + some })
  }
  return { orders, entries }
}

/** Balances by account and currency, apart by mode, as plain text to be compared. */
function fold(rows: readonly LedgerTailRow[]): string[] {
  const sums = emptySums(1n)
  for (const row of rows) addEntry(sums, row)
  return [...sums.balances].map(([key, { amountMinor }]) => `${key} ${amountMinor}`).sort()
}

test('ten thousand random operations sum to zero, replay to the same state, and say of each order where its money is', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { orders, entries } = tradeAtRandom(seed, 10_000)
      const rows = entries.map(({ row }) => row)
      const state = fold(rows)
      // Replayed, in another order too: what was folded when makes no difference.
      expect(fold(rows)).toEqual(state)
      const draw = drawing(seed ^ 0x5eed)
      expect(
        fold(
          rows
            .map((row) => ({ row, at: draw(1_000_000) }))
            .sort((a, b) => a.at - b.at)
            .map(({ row }) => row),
        ),
      ).toEqual(state)

      const perOrder = new Map<string, bigint>()
      const perCurrency = new Map<string, bigint>()
      const add = (sums: Map<string, bigint>, key: string, amount: bigint) =>
        sums.set(key, (sums.get(key) ?? 0n) + amount)
      for (const { row, order } of entries) {
        for (const [leg, account] of row.accounts.entries()) {
          add(perOrder, `${order} ${account}`, row.amounts[leg] ?? 0n)
          add(perCurrency, `${row.isTest} ${row.currencies[leg]}`, row.amounts[leg] ?? 0n)
        }
      }
      expect([...perCurrency.values()].every((sum) => sum === 0n)).toBe(true)
      for (const [index, order] of orders.entries()) {
        const taken = order.refundedMinor + order.disputedMinor + order.lostMinor
        const on = (account: string) => perOrder.get(`${index} ${account}`) ?? 0n
        expect(on('gateway_clearing')).toBe(order.amountMinor - order.refundedMinor - order.lostMinor)
        expect(-on('disputes_held')).toBe(order.disputedMinor)
        expect(-on('platform_fees') - on('store_balance')).toBe(order.amountMinor - taken)
        expect(-on('platform_fees')).toBeGreaterThanOrEqual(0n)
        expect(-on('platform_fees')).toBeLessThanOrEqual(order.feeMinor)
        if (taken === 0n) expect(-on('platform_fees')).toBe(order.feeMinor)
        if (taken === order.amountMinor) expect(on('platform_fees')).toBe(0n)
      }
    }),
    { numRuns: 5 },
  )
})
