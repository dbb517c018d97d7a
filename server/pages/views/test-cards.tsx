import type { TestCard } from '../../ports/gateway'
import { type Expiry, groupNumber } from '../card-fields'
import type { Texts } from '../texts'
import type { Visit } from './layout'

/** The cards of the sandbox. Each is a button that fills the form; without script they are a list to type from. */
export function TestCards({ visit, cards, now }: { visit: Visit; cards: readonly TestCard[]; now: Expiry }) {
  const { texts } = visit
  return (
    <section class="tests" aria-labelledby="tests-title">
      <h2 id="tests-title">{texts.testCards}</h2>
      <p class="small scripted">{texts.testCardsHint}</p>
      <noscript>
        <p class="small">{texts.testCardsScriptless}</p>
      </noscript>
      <ul>
        {cards.map((card) => (
          <li>
            <button
              type="button"
              data-test-card={groupNumber(card.number)}
              data-test-expiry={`12 / ${String(now.year + 4).slice(-2)}`}
            >
              <span class="card-number">{groupNumber(card.number)}</span>
              <span class="outcome" data-outcome={card.outcome}>
                {brandName(card.brand)} · {outcomeOf(texts, card)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function outcomeOf({ testOutcomes }: Texts, { outcome, declineCode }: TestCard): string {
  if (outcome !== 'declined') return testOutcomes[outcome]
  if (declineCode === 'expired_card' || declineCode === 'insufficient_funds') return testOutcomes[declineCode]
  return testOutcomes.declined
}

const BRANDS: Readonly<Record<string, string>> = { visa: 'Visa', mastercard: 'Mastercard', amex: 'American Express' }

export function brandName(brand: string): string {
  return BRANDS[brand] ?? brand.charAt(0).toUpperCase() + brand.slice(1)
}
