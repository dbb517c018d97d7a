import { formatMoney } from '../../kernel/money'
import type { DeclineCode } from '../../ports/gateway'
import type { CardField, Expiry } from '../card-fields'
import type { FieldProblem } from '../card-form'
import type { Sale } from '../sale'
import type { Problem, Texts } from '../texts'
import type { Visit } from './layout'

/** Why the form is shown again, beside its fields' problems: a decline, say, and what to do next. */
export type Notice = { title: string; text: string; declined?: DeclineCode }

/** What the form is filled with: never a card number or a security code. */
export type FormState = {
  email: string
  name: string
  /** The form that was sent, and which coin on which network was chosen in it, such as `bsc.usdt`. */
  method: 'card' | 'crypto'
  payIn: string
  problems: readonly FieldProblem[]
  notice: Notice | null
}

/** Of the form that wasn't sent. */
export const NOTHING_WRONG: Pick<FormState, 'problems' | 'notice'> = { problems: [], notice: null }

export const EMPTY_FORM: FormState = { email: '', name: '', method: 'card', payIn: '', ...NOTHING_WRONG }

export type CardFormProps = {
  visit: Visit
  sale: Sale
  form: FormState
  action: string
  sessionId: string | null
  now: Expiry
  /** False where the card is entered on the gateway's own page. */
  takesCard: boolean
}

export function CardForm({ visit, sale, form, action, sessionId, now, takesCard }: CardFormProps) {
  const { texts, locale } = visit
  const pay = texts.pay(formatMoney(sale.amountMinor, sale.currency, locale))
  const email = fieldOf(texts, form, 'email')
  // `novalidate`: browsers would word the problems in their own language and one at a time.
  return (
    <form
      method="post"
      action={action}
      class="form"
      novalidate
      data-card-form={takesCard || undefined}
      data-once={!takesCard || undefined}
      data-now={`${now.year}-${now.month}`}
    >
      <h2>{takesCard ? texts.paymentDetails : texts.yourDetails}</h2>
      <Alert texts={texts} form={form} />
      <p id="offline" class="alert" role="alert" tabindex={-1} hidden data-text={texts.offline} />
      {sessionId ? <input type="hidden" name="session" value={sessionId} /> : null}
      <input type="hidden" name="shown" value={shownPrice(sale)} />
      <Field {...email} label={texts.email}>
        <input {...control(email)} type="email" autocomplete="email" inputmode="email" value={form.email} />
      </Field>
      {takesCard ? <CardInputs texts={texts} form={form} /> : null}
      <button class="primary" type="submit" data-busy={texts.paying}>
        {pay}
      </button>
      <p class="small">{promiseOf(texts, sale.isTest, takesCard)}</p>
      <CancelLink visit={visit} sale={sale} />
    </form>
  )
}

export function CancelLink({ visit, sale }: { visit: Visit; sale: Sale }) {
  if (!sale.cancelUrl) return null
  return (
    <p class="small">
      <a href={sale.cancelUrl} target={visit.frame ? '_top' : undefined}>
        {visit.texts.cancel(sale.store.name)}
      </a>
    </p>
  )
}

function fieldOf(texts: Texts, form: FormState, name: CardField): FieldProps {
  return { texts, name, problem: form.problems.find((one) => one.field === name)?.problem }
}

function CardInputs({ texts, form }: { texts: Texts; form: FormState }) {
  const field = (name: CardField) => fieldOf(texts, form, name)
  return (
    <>
      <Field {...field('number')} label={texts.cardNumber}>
        <input
          {...control(field('number'))}
          autocomplete="cc-number"
          inputmode="numeric"
          maxlength={40}
          placeholder="1234 1234 1234 1234"
        />
        <span class="brand" data-brand aria-hidden="true" />
      </Field>
      <div class="pair">
        <Field {...field('expiry')} label={texts.expiry} hint={texts.expiryHint}>
          <input
            {...control(field('expiry'), true)}
            autocomplete="cc-exp"
            inputmode="numeric"
            maxlength={12}
            placeholder={texts.expiryHint}
          />
        </Field>
        <Field {...field('cvc')} label={texts.cvc} hint={texts.cvcHint}>
          <input
            {...control(field('cvc'), true)}
            autocomplete="cc-csc"
            inputmode="numeric"
            maxlength={6}
            placeholder="123"
          />
        </Field>
      </div>
      <Field {...field('name')} label={texts.nameOnCard}>
        <input {...control(field('name'))} autocomplete="cc-name" autocapitalize="words" value={form.name} />
      </Field>
    </>
  )
}

function promiseOf(texts: Texts, isTest: boolean, takesCard: boolean): string {
  if (!takesCard) return isTest ? texts.testPagePromise : texts.pagePromise
  return isTest ? texts.testMode : texts.cardPromise
}

/** The price that the buyer saw: who pays agrees to this one, also when the seller has changed it meanwhile. */
export function shownPrice({ amountMinor, currency }: { amountMinor: bigint; currency: string }): string {
  return `${amountMinor} ${currency}`
}

/**
 * What went wrong, read out at once and focused. It is there from the start, empty and hidden, for the script to fill;
 * `autofocus` gives it the focus without script.
 */
export function Alert({ texts, form, idPrefix = '' }: { texts: Texts; form: FormState; idPrefix?: string }) {
  const { problems, notice } = form
  const title = notice?.title ?? summaryOf(texts, problems.length)
  const empty = problems.length === 0 && notice === null
  return (
    <div
      id={`${idPrefix}summary`}
      class="alert"
      role="alert"
      tabindex={-1}
      hidden={empty}
      autofocus={!empty}
      data-one={texts.summaryOne}
      data-many={texts.summaryMany(0).replace('0', '{count}')}
    >
      <h3>{empty ? '' : title}</h3>
      {notice ? <p>{notice.text}</p> : null}
      <ul>
        {problems.map(({ field, problem }) => (
          <li>
            <a href={`#${idPrefix}${field}`}>{texts.problems[problem]}</a>
          </li>
        ))}
      </ul>
    </div>
  )
}

function summaryOf(texts: Texts, count: number): string {
  return count === 1 ? texts.summaryOne : texts.summaryMany(count)
}

type FieldProps = { texts: Texts; name: CardField; problem: Problem | undefined; idPrefix?: string }

/** The attributes of an input: its problem is named by `aria-describedby`, and its texts wait for the script. */
export function control({ texts, name, problem, idPrefix = '' }: FieldProps, hasHint = false) {
  const text = (kind: string) => (texts.problems as Record<string, string>)[`${name}_${kind}`]
  return {
    id: `${idPrefix}${name}`,
    name,
    required: true,
    'aria-invalid': problem ? ('true' as const) : undefined,
    'aria-describedby': hasHint ? `${name}-hint ${name}-problem` : `${idPrefix}${name}-problem`,
    'data-missing': text('missing'),
    'data-invalid': text('invalid'),
    'data-past': text('past'),
  }
}

export function Field(props: FieldProps & { label: string; hint?: string; children?: unknown }) {
  const { texts, name, problem, idPrefix = '', label, hint, children } = props
  return (
    <div class="field">
      <label for={`${idPrefix}${name}`}>{label}</label>
      {hint ? (
        <span id={`${name}-hint`} class="visually-hidden">
          {hint}
        </span>
      ) : null}
      <div class="control">{children}</div>
      <p id={`${idPrefix}${name}-problem`} class="problem" hidden={!problem}>
        {problem ? texts.problems[problem] : ''}
      </p>
    </div>
  )
}
