import { formatMoney } from '../../kernel/money'
import { Layout, type StoreFace, TestBadge, type Visit } from './layout'
import { Line } from './receipt'
import { brandName } from './test-cards'

export type Challenge = {
  store: StoreFace
  amountMinor: bigint
  currency: string
  card: { brand: string; last4: string } | null
  action: string
}

/** The sandbox's stand-in for a bank's 3-D Secure dialogue: two plain buttons. */
export function ChallengePage({ visit, challenge }: { visit: Visit; challenge: Challenge }) {
  const words = visit.texts.challenge
  return (
    <Layout visit={visit} title={words.title} store={challenge.store}>
      <main class="single challenge">
        <form class="panel" method="post" action={challenge.action} data-once>
          <header class="store">
            <span class="store-name">{words.bank}</span>
            <TestBadge visit={visit} isTest={true} />
          </header>
          <div class="outcome-block">
            <h1>{words.heading}</h1>
            <p class="lead">{words.explanation}</p>
          </div>
          <dl class="lines">
            <Line label={words.store}>{challenge.store.name}</Line>
            <Line label={words.amount}>
              <strong>{formatMoney(challenge.amountMinor, challenge.currency, visit.locale)}</strong>
            </Line>
            {challenge.card ? (
              <Line label={words.card}>{words.cardEnding(brandName(challenge.card.brand), challenge.card.last4)}</Line>
            ) : null}
          </dl>
          <div class="actions">
            <button class="primary" type="submit" name="result" value="complete">
              {words.complete}
            </button>
            <button class="secondary" type="submit" name="result" value="fail">
              {words.fail}
            </button>
          </div>
        </form>
      </main>
    </Layout>
  )
}
