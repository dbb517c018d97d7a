import type { NewSimulation } from '../../domain/crypto/schema'
import type { PaymentKind } from '../payment-state'
import type { Texts } from '../texts'
import type { ShownPayment } from './payment-panel'

type Action = NewSimulation['action']
type Words = Texts['checkout']['simulation']

/** What can happen next in each state, with the word for it. */
const NEXT: Partial<Record<PaymentKind, readonly (readonly [Action, keyof Words])[]>> = {
  waiting: [
    ['detect', 'detect'],
    ['confirm', 'confirm'],
    ['underpay', 'underpay'],
    ['overpay', 'overpay'],
    ['expire', 'expire'],
  ],
  short: [
    ['detect', 'rest'],
    ['expire', 'expire'],
    ['reorg', 'reorg'],
  ],
  seen: [
    ['confirm', 'blocks'],
    ['reorg', 'reorg'],
  ],
  expired: [['late', 'late']],
}

/** In test mode nobody sends money: these buttons play the buyer and the chain. */
export function Simulation({ visit, state, ways }: ShownPayment) {
  const next = NEXT[state.kind]
  if (!ways.simulate || !next) return null
  const words = visit.texts.checkout.simulation
  return (
    <form method="post" action={ways.simulate} class="tests" data-once aria-labelledby="simulation-title">
      <h2 id="simulation-title">{words.title}</h2>
      <p class="small">{words.hint}</p>
      <ul>
        {next.map(([action, word]) => (
          <li>
            <button type="submit" name="action" value={action}>
              {words[word]}
            </button>
          </li>
        ))}
      </ul>
    </form>
  )
}
