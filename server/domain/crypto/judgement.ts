/** What a payment asks for. */
export type Terms = {
  expectedUnits: bigint
  toleranceUnits: bigint
  requiredConfirmations: number
  expiresAt: Date
  graceEndsAt: Date
}

/** A transfer that was meant for the payment, on the chain as it stands. */
export type Received = { txHash: string; units: bigint; blockNumber: bigint; blockTime: Date }

/** Up to where the chain has been read. */
export type Tip = { number: bigint; blockTime: Date; finalized: bigint }

/**
 * What the chain says of a payment.
 *
 *     waiting    nothing has come yet
 *     expired    nothing came in time
 *     short      less came than was asked for; the rest may still come
 *     failed     the rest didn't come
 *     seen       all of it came, and may still be taken back
 *     confirmed  it has its confirmations, and its block can't be replaced any more
 */
export type Phase = 'waiting' | 'expired' | 'short' | 'failed' | 'seen' | 'confirmed'

export type Judgement = {
  phase: Phase
  /** Of what came in time; null while that is nothing. */
  creditedUnits: bigint | null
  lateUnits: bigint
  /** The transfer that made the payment whole, else the latest that counts. */
  txHash: string | null
  height: bigint | null
}

/** A thousandth of what is asked for: less alone is no payment, only dust that anybody may throw at any address. */
const DUST_DIVISOR = 1_000n

/**
 * A function of the terms and of the chain, and of nothing else: whatever was read twice, or unwound and read again, the answer is
 * that of reading once. In time is what blocks say, never when we saw it.
 */
export function judge(terms: Terms, received: readonly Received[], tip: Tip): Judgement {
  const { counted, late } = sorted(terms, received)
  const lateUnits = sumOf(withoutDust(terms, late))
  if (counted.length === 0) {
    const phase = tip.blockTime > terms.expiresAt ? 'expired' : 'waiting'
    return { phase, creditedUnits: null, lateUnits, txHash: null, height: null }
  }
  const creditedUnits = sumOf(counted)
  const decisive = decisiveOf(terms, counted)
  const { txHash, blockNumber: height } = decisive ?? (counted.at(-1) as Received)
  const phase = decisive
    ? isConfirmed(terms, height, tip)
      ? 'confirmed'
      : 'seen'
    : tip.blockTime > terms.graceEndsAt
      ? 'failed'
      : 'short'
  return { phase, creditedUnits, lateUnits, txHash, height }
}

/** What came in time counts; and, where that is too little, what came within the grace, until it is enough. */
function sorted(terms: Terms, received: readonly Received[]): { counted: Received[]; late: Received[] } {
  const counted: Received[] = []
  const late: Received[] = []
  const inTime = received.filter(({ blockTime }) => blockTime <= terms.expiresAt)
  const isDust = withoutDust(terms, inTime).length === 0 && !isWhole(terms, sumOf(inTime))
  for (const transfer of received) {
    const isInTime = transfer.blockTime <= terms.expiresAt
    if (isDust) {
      if (!isInTime) late.push(transfer)
    } else if (isInTime) counted.push(transfer)
    else {
      const isTopUp = transfer.blockTime <= terms.graceEndsAt && !isWhole(terms, sumOf(counted))
      ;(isTopUp ? counted : late).push(transfer)
    }
  }
  return { counted, late }
}

/** Of what came, that which counts for nothing, and why. */
export function uncountedOf<R extends Received>(terms: Terms, received: readonly R[]): Map<R, 'late' | 'dust'> {
  const { counted, late } = sorted(terms, received)
  const notDust = new Set(withoutDust(terms, late))
  const isCounted = new Set(counted)
  const uncounted = received.filter((transfer) => !isCounted.has(transfer))
  return new Map(uncounted.map((transfer) => [transfer, notDust.has(transfer) ? 'late' : 'dust']))
}

function withoutDust({ expectedUnits }: Terms, transfers: readonly Received[]): Received[] {
  return transfers.filter(({ units }) => units * DUST_DIVISOR > expectedUnits)
}

function isWhole({ expectedUnits, toleranceUnits }: Terms, units: bigint): boolean {
  return units > 0n && units + toleranceUnits >= expectedUnits
}

function decisiveOf(terms: Terms, counted: readonly Received[]): Received | undefined {
  let sum = 0n
  return counted.find(({ units }) => {
    sum += units
    return isWhole(terms, sum)
  })
}

function isConfirmed({ requiredConfirmations }: Terms, height: bigint, { number, finalized }: Tip): boolean {
  return confirmationsAt(height, number) >= requiredConfirmations && height <= finalized
}

/** The block itself is the first. */
export function confirmationsAt(height: bigint | null, head: bigint | undefined): number {
  if (height === null || head === undefined || head < height) return 0
  return Number(head - height + 1n)
}

function sumOf(transfers: readonly Received[]): bigint {
  return transfers.reduce((sum, { units }) => sum + units, 0n)
}
