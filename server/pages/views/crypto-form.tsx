import type { CryptoOffer } from '../../domain/payments/crypto-offers'
import { type Coin, knownCoin, NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import type { Sale } from '../sale'
import { Alert, CancelLink, control, Field, type FormState, shownPrice } from './card-form'
import type { Visit } from './layout'

export type CryptoFormProps = {
  visit: Visit
  sale: Sale
  form: FormState
  action: string
  sessionId: string | null
  offers: readonly CryptoOffer[]
}

/** Its ids beside those of the card form on the same page. */
const PREFIX = 'crypto-'

/** Which coin, on which network; its address and exact amount come next. */
export function CryptoForm({ visit, sale, form, action, sessionId, offers }: CryptoFormProps) {
  const { texts } = visit
  const problemIn = (name: string) => form.problems.find(({ field }) => field === name)?.problem
  const email = { texts, name: 'email', problem: problemIn('email'), idPrefix: PREFIX } as const
  const missing = problemIn('pay_in')
  return (
    <form method="post" action={action} class="form" novalidate data-once data-crypto-form>
      <h2>{texts.checkout.title}</h2>
      <Alert texts={texts} form={form} idPrefix={PREFIX} />
      {sessionId ? <input type="hidden" name="session" value={sessionId} /> : null}
      <input type="hidden" name="shown" value={shownPrice(sale)} />
      <input type="hidden" name="method" value="crypto" />
      <Field {...email} label={texts.email}>
        <input {...control(email)} type="email" autocomplete="email" inputmode="email" value={form.email} />
      </Field>
      <fieldset class="networks" id={`${PREFIX}pay_in`} tabindex={-1} aria-describedby="pay_in-problem">
        <legend>{texts.checkout.choose}</legend>
        {offers.map((offer) => (
          <Network visit={visit} offer={offer} chosen={form.payIn} />
        ))}
        <p id="pay_in-problem" class="problem" hidden={!missing}>
          {missing ? texts.problems[missing] : ''}
        </p>
      </fieldset>
      <button class="primary" type="submit" data-busy={texts.checkout.busy}>
        {texts.checkout.next}
      </button>
      <p class="small">{texts.checkout.promise}</p>
      <CancelLink visit={visit} sale={sale} />
    </form>
  )
}

function Network({ visit, offer, chosen }: { visit: Visit; offer: CryptoOffer; chosen: string }) {
  const { network, coins } = offer
  const { title } = NETWORK_FACTS[network]
  return (
    <div class="network">
      <p>
        <strong>{title}</strong> <span class="small">{visit.texts.checkout.hints[network]}</span>
      </p>
      <div class="choices">
        {coins.map((coin) => {
          const value = payInOf(network, coin)
          return (
            <label class="choice">
              <input type="radio" name="pay_in" value={value} checked={value === chosen} />
              <span>
                {knownCoin(network, coin).symbol}
                <span class="visually-hidden">, {title}</span>
              </span>
            </label>
          )
        })}
      </div>
    </div>
  )
}

/** `bsc.usdt`. */
export function payInOf(network: NetworkName, coin: Coin): string {
  return `${network}.${coin}`
}
