/** The words of the checkout page where it can be paid in crypto, in English. */
export const checkoutEn = {
  how: 'How do you want to pay?',
  card: 'Card',
  crypto: 'Crypto',
  title: 'Pay in crypto',
  choose: 'Choose a coin and its network',
  hints: {
    bsc: 'Lowest fee, confirmed within a minute',
    tron: 'Low fee, confirmed in about a minute',
    ethereum: 'Highest fee, confirmed in about 15 minutes',
  },
  next: 'Continue with crypto',
  busy: 'One moment…',
  promise: 'Next you see the exact amount and the address. It goes straight to the wallet of the shop.',
  refusals: {
    all_addresses_held: {
      title: 'Crypto is busy at the moment',
      text: 'Every address of this shop waits for another payment. Nothing was charged. Try again in a few minutes, or pay otherwise.',
    },
    rate_unavailable: {
      title: 'There is no price for this coin at the moment',
      text: 'Nothing was charged. Try again in a minute, choose another coin, or pay otherwise.',
    },
    unavailable: {
      title: 'Crypto cannot be taken at the moment',
      text: 'Nothing was charged. Try again later, pay another way, or ask the shop.',
    },
  },
  another: 'Pay another way',
  anotherHint: 'Only if you have sent nothing yet: what is sent afterwards does not count for this order.',
  again: 'Choose again how to pay',
  expired: 'Nothing arrived in time. Please send nothing to this address any more.',
  cancelled: 'Please send nothing to this address any more.',
  receipt: 'Show the receipt',
  elsewhere: {
    title: 'This order is paid already',
    text: 'It was paid another way. Please send nothing to this address.',
  },
  surplus: {
    title: 'This order was paid twice',
    text: (amount: string, store: string) =>
      `It had been paid another way when ${amount} arrived too. They are in the wallet of ${store}, who has been told. Give them the payment number to get them back.`,
  },
  simulation: {
    title: 'Test payment',
    hint: 'Plays the buyer and the chain. No money moves.',
    detect: 'Pay',
    rest: 'Pay the rest',
    confirm: 'Pay and confirm',
    blocks: 'Confirm',
    underpay: 'Pay too little',
    overpay: 'Pay too much',
    expire: 'Let the time run out',
    late: 'Pay too late',
    reorg: 'Take it back',
  },
}

export type CheckoutTexts = typeof checkoutEn
