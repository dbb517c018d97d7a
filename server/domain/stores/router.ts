import { isOperatorKey } from '../../api-key'
import { operatorProcedure, publicProcedure, router, storeProcedure } from '../../trpc'
import { ApiKeyWithSecret } from '../keys/schema'
import { toApiKeyWithSecret } from '../keys/service'
import {
  NewStore,
  NewStoreKey,
  NoInput,
  OwnStore,
  RolledSigningKey,
  SigningKeyRoll,
  Store,
  StoreApproval,
  StorePage,
  StoreQuery,
  StoreRef,
  StoreUpdate,
  StoreWithKeys,
} from './schema'
import {
  approveStore,
  getStore,
  issueStoreKey,
  listStores,
  openStore,
  rollSigningKey,
  setStoreStatus,
  toOwnStore,
  toStore,
  toStoreWithKeys,
  updateStore,
} from './service'

export const storesRouter = router({
  create: publicProcedure
    .meta({
      tool: 'create_store',
      title: 'Open a store',
      summary: 'Opens a store and returns its keys, which are shown this once. The only call that needs no key.',
      scope: 'public',
      rest: 'POST /v1/stores',
      status: 201,
      returnsSecret: true,
    })
    .input(NewStore)
    .output(StoreWithKeys)
    .mutation(async ({ ctx, input }) => {
      const byOperator = isOperatorKey(ctx.request.apiKey, ctx.config.adminKey)
      return toStoreWithKeys(await openStore(ctx, input, byOperator))
    }),

  get: storeProcedure
    .meta({
      tool: 'get_store',
      title: 'Show your store',
      summary: 'Your store: its name, status, branding and reporting currency.',
      scope: 'store:read',
      rest: 'GET /v1/store',
    })
    .input(NoInput.prefault({}))
    .output(OwnStore)
    .query(async ({ ctx }) => toOwnStore(ctx, await getStore(ctx, ctx.storeId))),

  update: storeProcedure
    .meta({
      tool: 'update_store',
      title: 'Change your store',
      summary:
        'Changes the name, e-mail, branding, reporting currency or payment webhook of your store. Only what is sent changes.',
      scope: 'store:write',
      rest: 'PATCH /v1/store',
      idempotent: true,
      // It looks the name of webhook_url up, which may take seconds: not inside a transaction.
      external: true,
    })
    .input(StoreUpdate)
    .output(OwnStore)
    .mutation(async ({ ctx, input }) => toOwnStore(ctx, await updateStore(ctx, input))),

  roll_signing_key: storeProcedure
    .meta({
      tool: 'roll_signing_key',
      title: 'Roll the webhook signing key',
      summary:
        "Gives your store a new webhook signing key, which is shown this once. It signs what goes to the store's webhook_url and to the webhook_url of orders: X-Webhook-Signature with the new key at once, webhook-signature with both for the overlap.",
      scope: 'store:write',
      rest: 'POST /v1/store/roll_signing_key',
      returnsSecret: true,
      destructive: true,
    })
    .input(SigningKeyRoll.prefault({}))
    .output(RolledSigningKey)
    .mutation(async ({ ctx, input }) => {
      const { signingSecret, previousSigningSecretExpiresAt } = await rollSigningKey(ctx, input)
      return {
        webhook_signing_key: signingSecret,
        previous_key_expires_at: previousSigningSecretExpiresAt?.toISOString() ?? null,
      }
    }),

  list: operatorProcedure
    .meta({
      tool: 'list_stores',
      title: 'List stores',
      summary:
        'All stores, newest first, or those of one status, such as pending ones that wait for approval. For the operator.',
      scope: 'operator',
      rest: 'GET /v1/stores',
    })
    .input(StoreQuery.prefault({}))
    .output(StorePage)
    .query(async ({ ctx, input }) => {
      const { rows, hasMore } = await listStores(ctx, input)
      return { stores: rows.map(toStore), has_more: hasMore }
    }),

  issue_key: operatorProcedure
    .meta({
      tool: 'issue_store_key',
      title: 'Issue a key for a store',
      summary: 'Makes a full API key for a store whose owner has lost theirs. It is shown this once. For the operator.',
      scope: 'operator',
      rest: 'POST /v1/stores/{id}/api_keys',
      status: 201,
      returnsSecret: true,
      destructive: true,
    })
    .input(NewStoreKey)
    .output(ApiKeyWithSecret)
    .mutation(async ({ ctx, input }) => toApiKeyWithSecret(await issueStoreKey(ctx, input))),

  approve: operatorProcedure
    .meta({
      tool: 'approve_store',
      title: 'Approve a store',
      summary: 'Lets a pending or suspended store sell, and sets its platform fee where one is sent. For the operator.',
      scope: 'operator',
      rest: 'POST /v1/stores/{id}/approve',
      idempotent: true,
    })
    .input(StoreApproval)
    .output(Store)
    .mutation(async ({ ctx, input }) => toStore(await approveStore(ctx, input))),

  suspend: operatorProcedure
    .meta({
      tool: 'suspend_store',
      title: 'Suspend a store',
      summary: 'Stops a store from selling until it is approved again. For the operator.',
      scope: 'operator',
      rest: 'POST /v1/stores/{id}/suspend',
      idempotent: true,
      destructive: true,
    })
    .input(StoreRef)
    .output(Store)
    .mutation(async ({ ctx, input }) => toStore(await setStoreStatus(ctx, input.id, 'suspended'))),
})
