import * as z from 'zod'
import { NETWORKS } from '../../kernel/networks'
import { Instant, NextCursor, PageInput, RequiredText, Text } from '../../kernel/wire'

export const Network = z.enum(NETWORKS, `must be one of ${NETWORKS.join(', ')}`).meta({ examples: ['bsc'] })

/** One that the pool has, as `state` says: locked to a payment, or waiting for the next one, or taken out. */
export const ReceiveAddress = z.object({
  id: z.uuid(),
  network: Network,
  address: z.string().describe('With its checksum'),
  label: z.string().nullable(),
  state: z
    .enum(['free', 'held', 'disabled'])
    .describe('free: the next payment may get it; held: a pending payment has it; disabled: no new payment gets it'),
  is_active: z.boolean().describe('False: no new payment gets it. One that has it still ends as it would'),
  held_by: z.string().nullable().describe('The number of the payment that has it'),
  payments_count: z.int().describe('How many payments have had it; list_payments shows them by address'),
  last_used_at: Instant.nullable().describe('When a payment last got it or let go of it'),
  is_test: z.boolean(),
  created_at: Instant,
})

const AddressText = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(64, 'must be an address')
  .describe('Of a wallet that you control. Ethereum and BSC: 0x and 40 hex digits; TRON: T and 33 characters')

const Label = Text(100).describe('For yourself, such as the wallet’s name')

export const MOST_ADDED = 500

export const NewAddresses = z
  .strictObject({
    network: Network,
    address: AddressText.optional(),
    label: Label.nullish(),
    addresses: z
      .array(z.strictObject({ address: AddressText, label: Label.nullish() }))
      .min(1, 'must hold an address')
      .max(MOST_ADDED, `must hold at most ${MOST_ADDED} addresses`)
      .optional()
      .describe('Several at once, instead of address: all are added or none'),
  })
  .refine(({ address, addresses }) => (address === undefined) !== (addresses === undefined), {
    path: ['addresses'],
    error: 'send either address or addresses',
  })
export type NewAddresses = z.infer<typeof NewAddresses>

export const AddedAddresses = z.object({ addresses: z.array(ReceiveAddress) })

export const AddressQuery = z.strictObject({
  network: Network.optional(),
  state: ReceiveAddress.shape.state.optional().describe('Leave out for all'),
  search: RequiredText(64).optional().describe('Part of the address or of the label'),
  ...PageInput,
})
export type AddressQuery = z.infer<typeof AddressQuery>

export const AddressPage = z.object({ addresses: z.array(ReceiveAddress), next_cursor: NextCursor })

export const AddressRef = z.strictObject({ id: z.string().max(64).describe('The id of the address, or the address') })

export const AddressUpdate = AddressRef.extend({
  label: Label.nullable().optional(),
  is_active: z.boolean().optional().describe('False takes it out of the pool, true puts it back'),
}).describe('Only what is sent changes')
export type AddressUpdate = z.infer<typeof AddressUpdate>

export const RemovedAddress = z.object({ id: z.uuid(), deleted: z.literal(true) })

/** What the owner of a pool hears when it runs low. */
export const PoolLow = z.object({
  network: Network,
  free: z.int().describe('Addresses that the next payments can get'),
  is_test: z.boolean(),
})
