import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { newSigningSecret } from '../../kernel/ids'
import { getWebhook } from './service'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

/** The secret that signs, first, and those before it that receivers may still know. */
export type SigningSecrets = readonly [current: string, ...previous: string[]]

type Secrets = Pick<WebhookEndpointRow, 'secret' | 'previousSecret' | 'previousSecretExpiresAt'>

/** Formats that have room for several signatures sign with all of these, the others with the first. */
export function validSecrets({ secret, previousSecret, previousSecretExpiresAt }: Secrets, at: Date): SigningSecrets {
  const overlaps = previousSecret !== null && previousSecretExpiresAt !== null && previousSecretExpiresAt > at
  return overlaps ? [secret, previousSecret] : [secret]
}

/**
 * Gives an endpoint a new secret. The one before goes on signing beside it for the overlap, in which its receiver learns the
 * new one; an older one ends at once. Throws webhook_not_found.
 */
export async function rotateSecret(
  ctx: StoreContext,
  { id, overlap_hours }: { id: string; overlap_hours: number },
): Promise<WebhookEndpointRow> {
  const { id: rowId, secret } = await getWebhook(ctx, id)
  const now = ctx.clock.now()
  const keeps = overlap_hours > 0
  const e = webhookEndpoints
  const [row] = await ctx.db
    .update(e)
    .set({
      secret: newSigningSecret(),
      previousSecret: keeps ? secret : null,
      previousSecretExpiresAt: keeps ? addMs(now, overlap_hours * HOUR_MS) : null,
      updatedAt: now,
    })
    // Of two rotations at once the second finds another secret than it read, and would lose the first one's.
    .where(and(eq(e.storeId, ctx.storeId), eq(e.isTest, ctx.isTest), eq(e.id, rowId), eq(e.secret, secret)))
    .returning()
  return row ?? rotateSecret(ctx, { id, overlap_hours })
}
