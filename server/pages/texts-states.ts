/** Pages that say one thing, and what to do next, in English. */
export const statesEn = {
  draft: { title: 'Not for sale yet', text: 'This product is not for sale yet. Ask the store when it will be.' },
  archived: {
    title: 'No longer for sale',
    text: 'This product is no longer for sale. Ask the store for another one.',
  },
  store_not_approved: {
    title: 'This store cannot sell yet',
    text: 'This store has not been approved yet, so it cannot take payments. Come back later.',
  },
  no_gateway: {
    title: 'This store cannot take payments yet',
    text: 'This store has not connected a payment service yet. Nothing was charged. Come back later or ask the store.',
  },
  not_connected: {
    title: 'This store cannot take cards at the moment',
    text: 'Its account for card payments is not connected, or is not finished yet. Nothing was charged. Come back later or ask the store.',
    points: [
      'Is this your store? Call connect_store with your key, or POST /v1/store/connection, and open the link of the answer. get_store_connection says what is missing.',
    ],
  },
  at_plan_limit: {
    title: 'This store cannot take payments at the moment',
    text: 'Nothing was charged. Come back later or ask the store.',
  },
  expired: {
    title: 'This checkout has expired',
    text: 'It was open for too long and nothing was charged. Start again to buy.',
    textAlone: 'It was open for too long and nothing was charged. Ask the store for a new link.',
    action: 'Start again',
  },
  paid: {
    title: 'You already paid',
    text: (product: string) => `${product} is paid for, and you were charged once.`,
    action: 'Show the receipt',
    again: 'Buy again',
  },
  processing: {
    title: 'Your payment is being processed',
    text: 'This takes a few seconds. The page refreshes by itself; please do not pay a second time.',
    action: 'Refresh now',
  },
  redirected: {
    title: 'Continue to the payment page',
    text: (amount: string) =>
      `You pay ${amount} on the secure page of our payment service. Nothing has been charged so far.`,
    action: 'Continue to payment',
    cancel: (store: string) => `Cancel and go back to ${store}`,
  },
  settling: {
    title: 'Your payment is on its way',
    text: (email: string | null) =>
      `Your bank takes up to several days to send it. Nothing is left for you to do: please do not pay a second time.${email ? ` The receipt goes to ${email} when the money is there.` : ''}`,
  },
  not_chargeable: {
    title: 'This price cannot be paid by card',
    text: 'The shop has to change the price or its currency. Nothing was charged.',
  },
  crypto_not_offered: {
    title: 'This cannot be paid that way',
    text: 'The shop does not take this coin, or its price is not in US dollars. Nothing was charged. Go back and pay another way.',
  },
  page_failed: {
    title: 'The payment page could not be opened',
    text: 'Our payment service did not answer. Nothing was charged. Try again in a moment.',
    action: 'Try again',
  },
  not_found: {
    title: 'There is no checkout here',
    text: 'The link may be incomplete or mistyped. Open it again from where you found it, or ask the store for a new one.',
  },
  origin_refused: {
    title: 'This form was sent from another site',
    text: 'To protect you, payments are only accepted from the checkout page itself. Nothing was charged. Open the page and try again.',
    action: 'Open the checkout',
  },
  too_many: {
    title: 'Too many attempts',
    text: (minutes: number) => `Nothing was charged. Wait ${minutes} min, then try again.`,
    action: 'Back to the checkout',
  },
  failed: {
    title: 'Something went wrong on our side',
    text: (id: string) => `You will not be charged twice. Try again; if it stays, tell the store this number: ${id}`,
    action: 'Try again',
  },
}

export type StateTexts = typeof statesEn
