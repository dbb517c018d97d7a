/** The words of the page on which merchants top their prepaid balance up, in English. */
export const topupEn = {
  title: 'Top up your balance',
  lead: 'You pay in USDT. It is on your balance once the network has confirmed the transfer.',
  key: 'API key of your store',
  keyHint:
    'The one that begins with sk_live_. It is used for this step only and never stored. A test key tops up its test balance, and no money moves.',
  amount: 'Amount in USDT',
  amountHint: (least: string) => `At least ${least} USDT.`,
  network: 'Network that you send from',
  next: 'Continue to payment',
  busy: 'One moment…',
  promise: 'Next you see the exact amount and the address of the operator of this server.',
  plans: 'Plans, and how they are billed',
  problems: {
    key_missing: 'Enter an API key of your store.',
    key_unknown: 'This key is unknown, or was rolled or revoked. Enter one that works.',
    key_refused: 'This key may not do that. Use one with the scope billing:write.',
    amount_missing: 'Enter how much you want to top up.',
    amount_invalid: 'Enter the amount in digits with at most two decimals, such as 50.',
    amount_range: (least: string, most: string) => `Enter an amount from ${least} to ${most} USDT.`,
    network_missing: 'Choose a network.',
    network_off: (network: string) => `Top-ups on ${network} are not possible on this server. Choose another network.`,
    network_busy: (network: string) =>
      `No address for top-ups on ${network} is free at the moment. Choose another network, or try again in some minutes.`,
  },
  notices: {
    not_approved: {
      title: 'Your store is not approved',
      text: 'The operator of this server has to approve it first. Nothing was begun.',
    },
    no_price: {
      title: 'The price of USDT is not known at the moment',
      text: 'Nothing was begun. Try again in a minute.',
    },
    no_receiver: {
      title: 'This server takes no top-ups yet',
      text: 'Its operator has not named a store that takes them. Nothing was begun: tell the operator.',
    },
    under_way: {
      title: 'Your top-up is being made already',
      text: 'You have sent this form twice. Press the button again in a moment to see it.',
    },
  },
  off: {
    title: 'There is nothing to top up here',
    text: 'This server bills nobody, so no store has a balance to pay for. Its operator would have to switch billing on.',
    action: 'To the documentation',
  },
  origin_refused: {
    title: 'This form was sent from another site',
    text: 'To protect your key, it is only accepted from the page itself. Nothing was begun. Open the page and try again.',
    action: 'Open the page',
  },
  too_many: {
    title: 'Too many attempts',
    text: (minutes: number) => `Nothing was begun. Wait ${minutes} min, then try again.`,
    action: 'Back to the form',
  },
}

export type TopupTexts = typeof topupEn
