import { router, storeProcedure } from '../../trpc'
import {
  AddedAddresses,
  AddressPage,
  AddressQuery,
  AddressRef,
  AddressUpdate,
  NewAddresses,
  ReceiveAddress,
  RemovedAddress,
} from './schema'
import { addAddresses, getAddress, listAddresses, removeAddress, updateAddress } from './service'
import { toAddress, toAddresses } from './view'

export const addressesRouter = router({
  add: storeProcedure
    .meta({
      tool: 'add_addresses',
      title: 'Add receive addresses',
      summary:
        'Adds wallet addresses that you control to the pool of a network. Each pending crypto payment locks one, and buyers pay straight to it. A test key has a pool of its own.',
      scope: 'addresses:write',
      rest: 'POST /v1/addresses',
      status: 201,
      idempotent: true,
    })
    .input(NewAddresses)
    .output(AddedAddresses)
    .mutation(async ({ ctx, input }) => ({ addresses: await toAddresses(ctx, await addAddresses(ctx, input)) })),

  list: storeProcedure
    .meta({
      tool: 'list_addresses',
      title: 'List receive addresses',
      summary:
        'Your pool, newest first: which addresses are free, held by a payment or disabled, and how often each was used.',
      scope: 'addresses:read',
      rest: 'GET /v1/addresses',
    })
    .input(AddressQuery.prefault({}))
    .output(AddressPage)
    .query(async ({ ctx, input }) => {
      const { rows, nextCursor } = await listAddresses(ctx, input)
      return { addresses: await toAddresses(ctx, rows), next_cursor: nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_address',
      title: 'Show a receive address',
      summary: 'One address of your pool, by its id or by itself. list_payments with it shows its payments.',
      scope: 'addresses:read',
      rest: 'GET /v1/addresses/{id}',
    })
    .input(AddressRef)
    .output(ReceiveAddress)
    .query(async ({ ctx, input }) => toAddress(ctx, await getAddress(ctx, input.id))),

  update: storeProcedure
    .meta({
      tool: 'update_address',
      title: 'Label or disable a receive address',
      summary:
        'Changes the label of an address, or takes it out of the pool and puts it back. Only what is sent changes.',
      scope: 'addresses:write',
      rest: 'PATCH /v1/addresses/{id}',
      idempotent: true,
    })
    .input(AddressUpdate)
    .output(ReceiveAddress)
    .mutation(async ({ ctx, input }) => toAddress(ctx, await updateAddress(ctx, input))),

  remove: storeProcedure
    .meta({
      tool: 'remove_address',
      title: 'Remove a receive address',
      summary:
        'Removes an address from the pool for good. What is sent there later is not seen any more; disable it instead to keep watching it.',
      scope: 'addresses:write',
      rest: 'DELETE /v1/addresses/{id}',
      destructive: true,
    })
    .input(AddressRef)
    .output(RemovedAddress)
    .mutation(async ({ ctx, input }) => {
      const { id } = await removeAddress(ctx, input.id)
      return { id, deleted: true as const }
    }),
})
