/** What a seller reads who comes back from Stripe's questions. */
export const connectEn = {
  active: {
    title: 'Your store can take cards',
    text: 'Your account is connected. You can close this page.',
    more: 'Your account is connected. Stripe wants to know a little more, so that it stays so.',
  },
  onboarding: {
    title: 'Stripe still has questions',
    text: 'Your store can take cards when they are answered. You can go on now or later.',
  },
  restricted: {
    title: 'Your store cannot take cards yet',
    text: 'Stripe is looking at what you sent. There is nothing to do: your store sells as soon as Stripe agrees.',
    more: 'Stripe needs to know more before your store can take cards.',
    rejected: "Stripe has refused this account. Ask Stripe's support, or the operator of this server.",
  },
  ended: {
    title: 'Your account is not connected any more',
    text: 'Your store takes no cards now. Call connect_store to connect an account again.',
  },
  over: {
    title: 'This link is not valid any more',
    text: 'Call connect_store with your key, or POST /v1/store/connection, for a new one. get_store_connection says how far you are.',
  },
  unanswered: { title: 'Stripe did not answer', text: 'Nothing is lost. Try again in a moment.', action: 'Try again' },
  action: 'Go on at Stripe',
}

export type ConnectTexts = typeof connectEn
