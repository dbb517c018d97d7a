import * as z from 'zod'
import { COINS } from '../../kernel/networks'
import { Instant, NextCursor, PageInput } from '../../kernel/wire'
import { Network } from '../addresses/schema'
import { UNMATCHED } from './table'

export const UnmatchedReason = z
  .enum(UNMATCHED)
  .describe(
    [
      'no_payment: no payment had the address when it came, or in the 30 days before',
      'other_coin: the payment that had the address asks for another coin',
      'late: it came after the time of its payment, up to 30 days',
      'dust: too little to be meant as a payment',
      'cancelled: its payment had been cancelled',
    ].join('; '),
  )

/** Money that came to an address of the store, and counts for no payment. */
export const UnmatchedTransfer = z.object({
  id: z.uuid(),
  network: Network,
  currency: z.enum(COINS),
  amount: z.string().describe('Decimal text in units of the coin'),
  address: z.string().describe('Yours, that it came to'),
  from_address: z.string().describe('Of an exchange it is the exchange’s, not the buyer’s'),
  tx_hash: z.string(),
  block_number: z.int(),
  block_time: Instant,
  reason: UnmatchedReason,
  payment_number: z.string().nullable().describe('The payment that it was probably meant for'),
  is_test: z.boolean(),
  created_at: Instant.describe('When it was seen'),
})

export const UnmatchedQuery = z.strictObject({
  network: Network.optional(),
  reason: UnmatchedReason.optional(),
  ...PageInput,
})
export type UnmatchedQuery = z.infer<typeof UnmatchedQuery>

export const UnmatchedPage = z.object({ transfers: z.array(UnmatchedTransfer), next_cursor: NextCursor })

/** So many blocks at a call, which then ends before a caller gives up. */
export const MOST_RESCANNED = 5_000

const BlockNumber = z.int('must be a whole number').min(0, 'must not be negative')

export const NewRescan = z
  .strictObject({
    network: Network,
    from_block: BlockNumber.optional(),
    to_block: BlockNumber.optional().describe(`At most ${MOST_RESCANNED} blocks at once; from_block alone unless said`),
    tx_hash: z
      .string()
      .trim()
      .regex(/^(0x)?[0-9a-fA-F]{64}$/, 'must be the hash of a transaction: 64 hex digits')
      .optional()
      .describe('Instead of blocks: the one that holds this transaction'),
  })
  .refine(({ from_block, tx_hash }) => (from_block === undefined) !== (tx_hash === undefined), {
    path: ['from_block'],
    message: 'send either from_block or tx_hash',
  })
  .refine(({ from_block = 0, to_block = from_block }) => to_block >= from_block, {
    path: ['to_block'],
    message: 'must not be before from_block',
  })
  .refine(({ from_block = 0, to_block = from_block }) => to_block - from_block < MOST_RESCANNED, {
    path: ['to_block'],
    message: `must be less than ${MOST_RESCANNED} blocks after from_block`,
  })
export type NewRescan = z.infer<typeof NewRescan>

export const Rescan = z.object({
  network: Network,
  from_block: z.int(),
  to_block: z.int(),
  transfers_seen: z.int().describe('To addresses of any pool'),
  transfers_added: z.int().describe('Of them, those that had been missed'),
})

export const NewReanchoring = z.strictObject({ network: Network })

export const Reanchoring = z.object({
  network: Network,
  from_block: z.int().describe('From here on it is read again'),
  transfers_gone: z.int().describe('On the chain no more, until they are found again'),
})
