import { CardForm, type CardFormProps, NOTHING_WRONG } from './card-form'
import { CryptoForm, type CryptoFormProps } from './crypto-form'

type MethodsProps = CardFormProps &
  CryptoFormProps & {
    /** False where crypto is the only way to pay. */
    hasCards: boolean
  }

/** Card, crypto, or both under two tabs that need no script: radio buttons, of which the stylesheet shows the form. */
export function Methods(props: MethodsProps) {
  const { visit, form, offers, hasCards } = props
  if (offers.length === 0) return <CardForm {...props} />
  if (!hasCards) return <CryptoForm {...props} />
  const isCrypto = form.method === 'crypto'
  return (
    <>
      <fieldset class="tabs">
        <legend class="visually-hidden">{visit.texts.checkout.how}</legend>
        <Tab id="by-card" label={visit.texts.checkout.card} isOn={!isCrypto} />
        <Tab id="by-crypto" label={visit.texts.checkout.crypto} isOn={isCrypto} />
      </fieldset>
      <div class="by-card">
        <CardForm {...props} form={isCrypto ? { ...form, ...NOTHING_WRONG } : form} />
      </div>
      <div class="by-crypto">
        <CryptoForm {...props} form={isCrypto ? form : { ...form, ...NOTHING_WRONG }} />
      </div>
    </>
  )
}

function Tab({ id, label, isOn }: { id: string; label: string; isOn: boolean }) {
  return (
    <label class="tab">
      <input type="radio" name="tab" id={id} checked={isOn} autocomplete="off" />
      <span>{label}</span>
    </label>
  )
}
