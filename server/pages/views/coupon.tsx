import { formatMoney } from '../../kernel/money'
import { COUPON } from '../coupon'
import type { CouponEntry, Sale } from '../sale'
import type { Visit } from './layout'

/** The price before a coupon and what it takes off, with the way to take it off again; or the field for one. */
export function Coupon({ visit, sale }: { visit: Visit; sale: Pick<Sale, 'price' | 'currency' | 'coupon'> }) {
  const { coupon } = sale
  if (coupon.applied === null) return <CouponField visit={visit} coupon={coupon} />
  const money = (minor: bigint) => formatMoney(minor, sale.currency, visit.locale)
  const { subtotalMinor, discountMinor } = sale.price
  return (
    <div class="coupon">
      <dl>
        <div class="line">
          <dt>{visit.texts.coupon.price}</dt>
          <dd>{money(subtotalMinor)}</dd>
        </div>
        <div class="line">
          <dt>
            {visit.texts.coupon.applied} <bdi class="code">{coupon.applied}</bdi>{' '}
            <Removal visit={visit} coupon={coupon} />
          </dt>
          <dd>−{money(discountMinor)}</dd>
        </div>
      </dl>
    </div>
  )
}

function Removal({ visit, coupon }: { visit: Visit; coupon: CouponEntry }) {
  const words = visit.texts.coupon
  return (
    <form method={coupon.method} action={coupon.action} data-once>
      <Hidden coupon={coupon} />
      {coupon.method === 'post' ? <input type="hidden" name="intent" value="remove" /> : null}
      <button class="link" type="submit" aria-label={words.removeOf(coupon.applied ?? '')}>
        {words.remove}
      </button>
    </form>
  )
}

function CouponField({ visit, coupon }: { visit: Visit; coupon: CouponEntry }) {
  const words = visit.texts.coupon
  const { problem } = coupon
  return (
    <details class="coupon" open={problem !== null}>
      <summary>{words.add}</summary>
      <form method={coupon.method} action={coupon.action} data-once>
        <Hidden coupon={coupon} />
        <div class="field">
          <label for="coupon">{words.label}</label>
          <div class="control joined">
            <input
              id="coupon"
              name={COUPON}
              required
              maxlength={64}
              autocomplete="off"
              autocapitalize="characters"
              spellcheck={false}
              value={coupon.text}
              aria-invalid={problem ? 'true' : undefined}
              aria-describedby="coupon-problem"
              autofocus={problem !== null}
            />
            <button class="secondary" type="submit">
              {words.apply}
            </button>
          </div>
          <p id="coupon-problem" class="problem" role="alert" hidden={!problem}>
            {problem}
          </p>
        </div>
      </form>
    </details>
  )
}

function Hidden({ coupon }: { coupon: CouponEntry }) {
  return (
    <>
      {coupon.hidden.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  )
}
