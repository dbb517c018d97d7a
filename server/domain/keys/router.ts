import { router, storeProcedure } from '../../trpc'
import { NoInput } from '../stores/schema'
import { ApiKey, ApiKeyList, ApiKeyRef, ApiKeyWithSecret, NewApiKey } from './schema'
import { createKey, listKeys, revokeKey, rollKey, toApiKey, toApiKeyWithSecret } from './service'

export const keysRouter = router({
  create: storeProcedure
    .meta({
      tool: 'create_api_key',
      title: 'Create an API key',
      summary: 'Creates an API key with a name and scopes. The key is shown this once.',
      scope: 'keys:write',
      rest: 'POST /v1/api_keys',
      status: 201,
      returnsSecret: true,
    })
    .input(NewApiKey)
    .output(ApiKeyWithSecret)
    .mutation(async ({ ctx, input }) => toApiKeyWithSecret(await createKey(ctx, ctx.credential, input))),

  list: storeProcedure
    .meta({
      tool: 'list_api_keys',
      title: 'List API keys',
      summary: 'The API keys that work, newest first, without the keys themselves.',
      scope: 'keys:read',
      rest: 'GET /v1/api_keys',
    })
    .input(NoInput.prefault({}))
    .output(ApiKeyList)
    .query(async ({ ctx }) => ({ api_keys: (await listKeys(ctx)).map(toApiKey) })),

  roll: storeProcedure
    .meta({
      tool: 'roll_api_key',
      title: 'Roll an API key',
      summary:
        'Replaces a key by a new one with the same name and scopes. The old key answers 401 from the next request on.',
      scope: 'keys:write',
      rest: 'POST /v1/api_keys/{id}/roll',
      returnsSecret: true,
      destructive: true,
    })
    .input(ApiKeyRef)
    .output(ApiKeyWithSecret)
    .mutation(async ({ ctx, input }) => toApiKeyWithSecret(await rollKey(ctx, ctx.credential, input.id))),

  revoke: storeProcedure
    .meta({
      tool: 'revoke_api_key',
      title: 'Revoke an API key',
      summary: 'Ends a key for good: it answers 401 from the next request on.',
      scope: 'keys:write',
      rest: 'DELETE /v1/api_keys/{id}',
      destructive: true,
    })
    .input(ApiKeyRef)
    .output(ApiKey)
    .mutation(async ({ ctx, input }) => toApiKey(await revokeKey(ctx, ctx.credential, input.id))),
})
