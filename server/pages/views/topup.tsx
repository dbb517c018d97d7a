import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { LONGEST_AMOUNT, type Refilled, type TopupField, type TopupProblem } from '../topup-form'
import { Layout, type Visit } from './layout'

export type TopupQuestion = {
  visit: Visit
  action: string
  /** Names this form: what is sent twice is one top-up. */
  once: string
  least: string
  filled: Refilled
  problems: readonly TopupProblem[]
  /** Why it could not be done, where no field is at fault. */
  notice: { title: string; text: string } | null
}

/** Cheap transfers first. */
const SHOWN: readonly NetworkName[] = ['bsc', 'tron', 'ethereum']

/** The form of `/topup`. Plain, so that it needs no script. */
export function TopupPage(question: TopupQuestion) {
  const { visit, action, once, least, filled } = question
  const words = visit.texts.topup
  const isWrong = question.problems.length > 0 || question.notice !== null
  return (
    <Layout visit={visit} title={isWrong ? visit.texts.errorTitle(words.title) : words.title}>
      <main class="single">
        <div class="panel">
          <div>
            <h1>{words.title}</h1>
            <p class="lead">{words.lead}</p>
          </div>
          <form method="post" action={action} class="form" novalidate data-once>
            <Alert question={question} />
            <input type="hidden" name="once" value={once} />
            <Field question={question} name="key" label={words.key} hint={words.keyHint}>
              <input
                {...inputOf(question, 'key')}
                type="password"
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                maxlength={200}
              />
            </Field>
            <Field question={question} name="amount" label={words.amount} hint={words.amountHint(least)}>
              <input
                {...inputOf(question, 'amount')}
                inputmode="decimal"
                autocomplete="off"
                maxlength={LONGEST_AMOUNT}
                value={filled.amount}
              />
            </Field>
            <Networks question={question} />
            <button class="primary" type="submit" data-busy={words.busy}>
              {words.next}
            </button>
            <p class="small">{words.promise}</p>
            <p class="small">
              <a href={`${visit.basePath}/docs#billing`}>{words.plans}</a>
            </p>
          </form>
        </div>
      </main>
    </Layout>
  )
}

function problemIn({ problems }: TopupQuestion, name: TopupField): string | undefined {
  return problems.find(({ field }) => field === name)?.words
}

function inputOf(question: TopupQuestion, name: 'key' | 'amount') {
  return {
    id: name,
    name,
    required: true,
    'aria-invalid': problemIn(question, name) ? ('true' as const) : undefined,
    'aria-describedby': `${name}-problem ${name}-hint`,
  }
}

type FieldProps = { question: TopupQuestion; name: 'key' | 'amount'; label: string; hint: string; children?: unknown }

function Field({ question, name, label, hint, children }: FieldProps) {
  const problem = problemIn(question, name)
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <div class="control">{children}</div>
      <p id={`${name}-problem`} class="problem" hidden={!problem}>
        {problem}
      </p>
      <p id={`${name}-hint`} class="small">
        {hint}
      </p>
    </div>
  )
}

function Networks({ question }: { question: TopupQuestion }) {
  const { visit, filled } = question
  const problem = problemIn(question, 'network')
  return (
    <fieldset class="networks" id="network" tabindex={-1} aria-describedby="network-problem">
      <legend>{visit.texts.topup.network}</legend>
      <div class="choices rows">
        {SHOWN.map((network) => (
          <label class="choice">
            <input type="radio" name="network" value={network} checked={network === filled.network} />
            <span>
              <strong>{NETWORK_FACTS[network].title}</strong>
              <span class="small">{visit.texts.checkout.hints[network]}</span>
            </span>
          </label>
        ))}
      </div>
      <p id="network-problem" class="problem" hidden={!problem}>
        {problem}
      </p>
    </fieldset>
  )
}

/** What went wrong, read out at once and focused; each problem leads to its field. */
function Alert({ question }: { question: TopupQuestion }) {
  const { visit, problems, notice } = question
  if (problems.length === 0 && notice === null) return null
  const { summaryOne, summaryMany } = visit.texts
  const counted = problems.length === 1 ? summaryOne : summaryMany(problems.length)
  return (
    <div id="summary" class="alert" role="alert" tabindex={-1} autofocus>
      <h2>{notice?.title ?? counted}</h2>
      {notice ? <p>{notice.text}</p> : null}
      <ul>
        {problems.map(({ field, words }) => (
          <li>
            <a href={`#${field}`}>{words}</a>
          </li>
        ))}
      </ul>
    </div>
  )
}
