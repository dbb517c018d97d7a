import { CATALOGUE, typesOf } from '../../domain/webhooks/catalogue'
import { type EventFamily, FAMILIES } from '../../domain/webhooks/event-schema'

/** What an event of a family looks like on the wire, in words. */
const FRAMES: Readonly<Record<EventFamily, { title: string; body: string; headers: readonly string[] }>> = {
  sale: { title: 'Sales', body: '{event, created_at, data}', headers: ['X-Payhook-Signature: sha256=…'] },
  card_payment: {
    title: 'Card payments',
    body: '{event, transaction_id, order_id, …, timestamp}',
    headers: ['X-Webhook-Signature: …', 'X-Webhook-Id: the transaction_id, which all events of a payment share'],
  },
  crypto_payment: {
    title: 'Crypto payments',
    body: '{event, payment_id, …}',
    headers: ['X-PayHook-Event', 'X-PayHook-Delivery-Id', 'X-PayHook-Signature: t=…,v1=…'],
  },
  order: { title: 'Orders', body: '{event, created_at, data}', headers: [] },
  checkout: { title: 'Checkouts', body: '{event, created_at, data}', headers: [] },
  dispute: { title: 'Disputes', body: '{event, created_at, data}', headers: [] },
  addresses: { title: 'Address pools', body: '{event, created_at, data}', headers: [] },
  store: { title: 'Stores', body: '{event, created_at, data}', headers: [] },
  billing: { title: 'Billing', body: '{event, created_at, data}', headers: [] },
  webhook: { title: 'Webhook endpoints', body: '{event, created_at, data}', headers: [] },
}

/** Every event of the catalogue, by family; `list_event_types` has the schema and a sample of each. */
export function Events() {
  return (
    <>
      {FAMILIES.map((family) => (
        <>
          <h3 id={`events-${family}`}>{FRAMES[family].title}</h3>
          <p>
            Body <code>{FRAMES[family].body}</code>
            {FRAMES[family].headers.map((header) => (
              <>
                , <code>{header}</code>
              </>
            ))}
            .
          </p>
          <dl class="doors">
            {typesOf(family).map((type) => (
              <>
                <dt>
                  <code>{type}</code>
                </dt>
                <dd>{CATALOGUE[type].description}</dd>
              </>
            ))}
          </dl>
        </>
      ))}
      <p>
        Every delivery has the headers of Standard Webhooks besides, and <a href="/openapi.json">/openapi.json</a> the
        schema and a sample of every event. <code>webhook-id</code> is unique to an event and the same on every retry
        and replay; <code>X-Webhook-Id</code> is not.
      </p>
    </>
  )
}
