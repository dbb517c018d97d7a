import { DEFAULT_BILLING, formatUsdt, PLAN_IDS } from '../../kernel/plans'
import { Code } from './code'

const settingsSample = `{
  "plans": {
    "free": { "included_payments": 100, "overage_usdt": "0.10" },
    "pro": {
      "monthly": { "price_usdt": "29", "included_payments": 1000 },
      "yearly": { "price_usdt": "290", "included_payments": 12000 },
      "overage_usdt": "0.04"
    }
  },
  "low_balance_usdt": "5",
  "operator_store": "sto_0a1b2c3d"
}`

const topupSample = (publicUrl: string) => `curl -s ${publicUrl}/api/v1/billing/topups/ \\
  -H "X-API-Key: $KEY" -H 'Content-Type: application/json' -d '{"amount_usd_cents":5000,"network":"tron"}'
curl -s ${publicUrl}/api/v1/payments/$PAYMENT_NUMBER/simulate \\
  -H "X-API-Key: $KEY" -H 'Content-Type: application/json' -d '{"action":"confirm"}'
curl -s ${publicUrl}/api/v1/billing/subscribe/ \\
  -H "X-API-Key: $KEY" -H 'Content-Type: application/json' -d '{"plan":"pro","interval":"monthly"}'`

/** What merchants pay an operator for, and how. */
export function Billing({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>
        Whoever runs this server as a service may bill its merchants for confirmed crypto payments, in prepaid USDT.
        Without <code>PAYHOOK_BILLING</code> there are no plans and no quotas, and the operations below answer{' '}
        <code>billing_not_enabled</code>. With it set to <code>on</code> there are these plans, by default:
      </p>
      <Plans />
      <p>
        Top your balance up with USDT, to an address of the operator: on the page <code>/topup</code>, with{' '}
        <code>create_topup</code>, or by REST. What comes is on it once its transfer is confirmed, and up to a fifth
        less than asked for is taken too. If the chain takes a confirmed top-up back, so does the balance. Then
        subscribe. A test key has a plan and a balance of its own, and pays its top-ups with{' '}
        <code>simulate_payment</code>:
      </p>
      <Code text={topupSample(publicUrl)} />
      <h3>At the quota</h3>
      <p>
        Only confirmed payments count, in a period of 30 days, or 365 on a yearly plan. At the quota{' '}
        <code>create_payment</code> answers 402 <code>plan_limit_reached</code> while <code>allow_overage</code> is off.
        While it is on, each confirmed payment beyond the quota has a fee, and all of them are debited in one entry when
        there are 1,000, or after 24 hours; the 402 then comes once the balance, less what is not debited yet, is below
        0. Payments that were made before go on in any case, and cost nothing beyond the quota while overage is off. A
        confirmation that the chain takes back is not counted, nor charged.
      </p>
      <h3>Changes and renewals</h3>
      <p>
        <code>subscribe_plan</code> settles overage at the old fee, debits the new price and begins a new period;
        nothing of the old one is given back. Too little on the balance is 402 <code>insufficient_balance</code>, and
        changes nothing. The plan you are on already costs nothing again. A new plan begins with its own{' '}
        <code>allow_overage</code>.
      </p>
      <p>
        At the end of a period the plan is renewed, which <code>billing.renewed</code> tells. Where the balance doesn't
        cover that, the plan is Free from then on: you get an e-mail and <code>billing.downgraded</code>.{' '}
        <code>billing.balance_low</code> warns before. <code>list_invoices</code> shows each price and each settled
        batch, once. <code>simulate_billing</code> lets a test key see the end of a batch or a period at once.
      </p>
      <h3>For the operator</h3>
      <p>
        <code>PAYHOOK_BILLING</code> may name a JSON file; what it leaves out is as above. Top-ups go to the pool of{' '}
        <code>operator_store</code>, else of the first store that was opened here, and are among its payments. Prices
        that you change hold from each store's next period on. What came too late or too little is yours to credit with{' '}
        <code>adjust_balance</code>.
      </p>
      <Code text={settingsSample} />
    </>
  )
}

function Plans() {
  const { plans } = DEFAULT_BILLING
  return (
    <dl class="doors">
      {PLAN_IDS.map((id) => plans[id]).map(({ name, terms: { monthly, yearly }, overageFeeMinor, allowsOverage }) => (
        <>
          <dt>{name}</dt>
          <dd>
            {shown(monthly.priceMinor)} USDT for 30 days with {monthly.includedPayments} payments
            {yearly ? `, or ${shown(yearly.priceMinor)} for 365 with ${yearly.includedPayments}` : ''};{' '}
            {shown(overageFeeMinor)} for each further one{allowsOverage ? '' : ', if switched on'}.
          </dd>
        </>
      ))}
    </dl>
  )
}

/** Without needless zeros. */
function shown(minor: bigint): string {
  return formatUsdt(minor).replace(/\.?0+$/, '')
}
