import type { TestCard } from '../../ports/gateway'

/** What test keys see, and the cards that their buyers pay with. */
export function TestCards({ testCards }: { testCards: readonly TestCard[] }) {
  return (
    <>
      <p>
        What a test key makes is test data: only test keys see it, no live revenue counts it, and its events go to
        webhook endpoints made with a test key and to no others. At a test checkout use one of these cards with any
        future expiry date, any three digits and any name.
      </p>
      <div class="scroll" tabindex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Number</th>
              <th scope="col">Card and outcome</th>
            </tr>
          </thead>
          <tbody>
            {testCards.map(({ number, label }) => (
              <tr>
                <td>
                  <code>{number.replace(/(\d{4})(?=\d)/g, '$1 ')}</code>
                </td>
                <td>{label}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
