import type { StoreFace, Visit } from './layout'
import { Layout } from './layout'
import { Summary } from './payment'

export type AmountQuestion = {
  store: StoreFace
  isTest: boolean
  productName: string
  /** In upper case. */
  currency: string
  least: string
  most: string
  /** Where the answer goes, with what the address has said so far. */
  action: string
  hidden: readonly (readonly [name: string, value: string])[]
  field: string
  /** What the buyer wrote, and what is wrong with it. */
  text: string
  problem: string | null
  cancelUrl: string | null
}

/** Before the checkout of a link without an amount: the buyer names one. A plain question, so that it needs no script. */
export function AmountPage({ visit, question }: { visit: Visit; question: AmountQuestion }) {
  const { texts } = visit
  const { ownAmount: words } = texts
  const { problem, field, hidden } = question
  const title = question.productName
  return (
    <Layout visit={visit} title={problem ? texts.errorTitle(title) : title} store={question.store}>
      <main class="checkout">
        <Summary visit={visit} sale={{ ...question, description: null, changeUrl: null }} total={words.short} />
        <section class="panel">
          <form method="get" action={question.action} novalidate class="form">
            <h2>{words.title}</h2>
            {hidden.map(([name, value]) => (
              <input type="hidden" name={name} value={value} />
            ))}
            <div class="field">
              <label for="amount">{words.label(question.currency)}</label>
              <div class="control">
                <input
                  id="amount"
                  name={field}
                  required
                  inputmode="decimal"
                  autocomplete="transaction-amount"
                  maxlength={20}
                  value={question.text}
                  aria-invalid={problem ? 'true' : undefined}
                  aria-describedby="amount-problem amount-hint"
                  autofocus={problem !== null}
                />
              </div>
              <p id="amount-problem" class="problem" role="alert" hidden={!problem}>
                {problem}
              </p>
              <p id="amount-hint" class="small">
                {words.hint(question.least, question.most)}
              </p>
            </div>
            <button class="primary" type="submit">
              {words.next}
            </button>
            {question.cancelUrl ? (
              <p class="small">
                <a href={question.cancelUrl} target={visit.frame ? '_top' : undefined}>
                  {texts.cancel(question.store.name)}
                </a>
              </p>
            ) : null}
          </form>
        </section>
      </main>
    </Layout>
  )
}
