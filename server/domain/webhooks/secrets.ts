import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { newSigningSecret } from '../../kernel/ids'
import type { StoreRow } from '../stores/table'
import { asSubscription, getWebhook, type Subscription } from './service'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

/** The secret that signs, first, and those before it that receivers may still know. */
export type SigningSecrets = readonly [current: string, ...previous: string[]]

type Rotating = Pick<WebhookEndpointRow, 'previousSecret' | 'previousSecretExpiresAt'>
type Store = Pick<StoreRow, 'signingSecret' | 'previousSigningSecret' | 'previousSigningSecretExpiresAt'>

/** Formats that have room for several signatures sign with all of these, the others with the first. */
export function validSecrets(endpoint: Rotating & { secret: string }, at: Date): SigningSecrets {
  return secretsAt(endpoint.secret, endpoint.previousSecret, endpoint.previousSecretExpiresAt, at)
}

/** As above, of an endpoint of any kind: one without a secret of its own is signed for with the store's key. */
export function validSecretsOf(
  { secret, ...endpoint }: Rotating & { secret: string | null },
  store: Store,
  at: Date,
): SigningSecrets {
  if (secret !== null) return validSecrets({ ...endpoint, secret }, at)
  return secretsAt(store.signingSecret, store.previousSigningSecret, store.previousSigningSecretExpiresAt, at)
}

function secretsAt(secret: string, previous: string | null, expiresAt: Date | null, at: Date): SigningSecrets {
  return previous !== null && expiresAt !== null && expiresAt > at ? [secret, previous] : [secret]
}

/** What a rotation writes, of an endpoint or of a store: without an overlap the old one ends now. */
export function rotation(old: string, overlapHours: number, now: Date) {
  const keeps = overlapHours > 0
  return {
    next: newSigningSecret(),
    previous: keeps ? old : null,
    previousExpiresAt: keeps ? addMs(now, overlapHours * HOUR_MS) : null,
  }
}

/**
 * Gives an endpoint a new secret. The one before goes on signing beside it for the overlap, in which its receiver learns the
 * new one; an older one ends at once. Throws webhook_not_found.
 */
export async function rotateSecret(
  ctx: StoreContext,
  { id, overlap_hours }: { id: string; overlap_hours: number },
): Promise<Subscription> {
  const { id: rowId, secret } = await getWebhook(ctx, id)
  const now = ctx.clock.now()
  const { next, previous, previousExpiresAt } = rotation(secret, overlap_hours, now)
  const e = webhookEndpoints
  const [row] = await ctx.db
    .update(e)
    .set({ secret: next, previousSecret: previous, previousSecretExpiresAt: previousExpiresAt, updatedAt: now })
    // Of two rotations at once the second finds another secret than it read, and would lose the first one's.
    .where(and(eq(e.storeId, ctx.storeId), eq(e.isTest, ctx.isTest), eq(e.id, rowId), eq(e.secret, secret)))
    .returning()
  return row ? asSubscription(row) : rotateSecret(ctx, { id, overlap_hours })
}
