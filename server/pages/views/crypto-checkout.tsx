import { formatMoney } from '../../kernel/money'
import type { Sale } from '../sale'
import { LivePage } from './crypto-payment'
import { Summary } from './payment'
import { type ShownPayment, wordsOf } from './payment-panel'
import { Line } from './receipt'

/** The checkout page while it is paid in crypto: what is bought, and how its payment goes. */
export function CryptoCheckoutPage({ shown, sale, path }: { shown: ShownPayment; sale: Sale; path: string }) {
  const { visit, payment } = shown
  const { crypto, coupon } = visit.texts
  const words = wordsOf(shown)
  const money = (minor: bigint) => formatMoney(minor, sale.currency, visit.locale)
  const { subtotalMinor, discountMinor } = sale.price
  return (
    <LivePage shown={shown} path={path}>
      <Summary visit={visit} sale={sale} total={money(sale.amountMinor)}>
        <dl class="lines pay-facts">
          {discountMinor > 0n ? (
            <>
              <Line label={coupon.price}>{money(subtotalMinor)}</Line>
              <Line label={`${coupon.applied} ${sale.coupon.applied ?? ''}`}>−{money(discountMinor)}</Line>
            </>
          ) : null}
          <Line label={crypto.coin}>{words.coin}</Line>
          <Line label={crypto.network}>{words.network}</Line>
          <Line label={crypto.number}>
            <span class="code">{payment.number}</span>
          </Line>
        </dl>
      </Summary>
    </LivePage>
  )
}
