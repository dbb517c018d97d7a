import type { Sale } from '../sale'
import { Alert, CancelLink, control, Field, type FormState, shownPrice } from './card-form'
import type { Visit } from './layout'

type FreeFormProps = { visit: Visit; sale: Sale; form: FormState; action: string; sessionId: string | null }

/** Where nothing is left to pay: the address for the receipt, and one button. */
export function FreeForm({ visit, sale, form, action, sessionId }: FreeFormProps) {
  const { texts } = visit
  const problem = form.problems.find(({ field }) => field === 'email')?.problem
  const field = { texts, name: 'email', problem } as const
  return (
    <form method="post" action={action} class="form" novalidate data-once>
      <h2>{texts.free.title}</h2>
      <p>{texts.free.lead}</p>
      <Alert texts={texts} form={form} />
      {sessionId ? <input type="hidden" name="session" value={sessionId} /> : null}
      <input type="hidden" name="shown" value={shownPrice(sale)} />
      <Field {...field} label={texts.email}>
        <input {...control(field)} type="email" autocomplete="email" inputmode="email" value={form.email} />
      </Field>
      <button class="primary" type="submit" data-busy={texts.free.busy}>
        {texts.free.get}
      </button>
      {sale.isTest ? <p class="small">{texts.free.testMode}</p> : null}
      <CancelLink visit={visit} sale={sale} />
    </form>
  )
}
