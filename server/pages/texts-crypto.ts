/** Every word of a crypto payment's page, in English. */
export const cryptoEn = {
  title: (amount: string, coin: string) => `Pay ${amount} ${coin}`,
  total: 'Total',
  forStore: (store: string) => `Payment to ${store}`,
  number: 'Payment number',
  network: 'Network',
  coin: 'Coin',
  email: 'E-mail',
  amount: 'Amount to send, exactly',
  rest: 'Still to send, exactly',
  address: 'To this address',
  copy: 'Copy',
  copyAmount: 'Copy the amount',
  copyAddress: 'Copy the address',
  copied: 'Copied',
  scan: 'Scan with your wallet',
  qrLabel: (amount: string, coin: string, address: string) => `QR code: send ${amount} ${coin} to ${address}`,
  open: 'Open in a wallet on this device',
  plainTitle: 'Your wallet cannot read the code?',
  plainText: 'This one holds the address alone. Enter the amount yourself.',
  plainLabel: (address: string) => `QR code of the address ${address}`,
  warning: (coin: string, network: string) =>
    `Send only ${coin}, and only on ${network}. Anything else, or from another network, is lost.`,
  fees: 'Your wallet or exchange adds its own fee. The amount above must arrive in full.',
  testMode: 'Test mode: send nothing. The money comes from a simulated chain: the buttons below play it.',
  timeLeft: 'Time left',
  timeUntil: (time: string) => `Pay until ${time}`,
  steps: { wait: 'Waiting', seen: 'Seen', confirmed: 'Confirmed' },
  progress: (count: number, needed: number) => `${count} of ${needed} confirmations`,
  finalizing: 'All confirmations are there. The network is making them final.',
  waiting: { title: 'Waiting for your payment', text: 'This page changes by itself as soon as it is seen.' },
  closing: {
    title: 'The time is over',
    text: 'Please send nothing any more. If you have sent it in time, it will appear here in a moment.',
  },
  short: {
    title: 'A part has arrived',
    text: (came: string, rest: string) =>
      `${came} has arrived, and ${rest} is still missing. Exchanges often take their fee out of the amount. Send the rest to the same address.`,
  },
  seen: {
    title: 'Your payment was seen',
    text: 'Nothing is left for you to do. It counts as soon as the network has confirmed it; you may close this page.',
  },
  confirmed: {
    title: 'Paid',
    text: (amount: string, store: string) => `${amount} has arrived at ${store}. Thank you.`,
    over: (amount: string, store: string) => `${amount} more than needed has arrived. Ask ${store} to give it back.`,
    back: (store: string) => `Back to ${store}`,
    going: 'You will be taken back in a moment.',
  },
  expired: {
    title: 'This payment has expired',
    text: (store: string) => `Nothing arrived in time. Please send nothing any more; ask ${store} for a new payment.`,
  },
  late: {
    title: 'Your payment came too late',
    text: (amount: string, store: string) =>
      `${amount} arrived after this payment had ended, so it does not count by itself. It is in the wallet of ${store}, who has been told. Give them the payment number to have it settled.`,
  },
  cancelled: {
    title: 'This payment was cancelled',
    text: (store: string) => `Please send nothing any more. Ask ${store} for a new payment.`,
  },
  unfinished: {
    title: 'Too little has arrived',
    text: (came: string, needed: string, store: string) =>
      `${came} of ${needed} arrived, and the rest did not come in time. The money is in the wallet of ${store}. Give them the payment number to have it settled.`,
  },
  reversed: {
    title: 'The network took the payment back',
    text: (store: string) =>
      `It had been confirmed, and is no longer on the chain. Look into your wallet whether it was sent, and ask ${store}.`,
  },
  offline: 'No connection at the moment. The page goes on by itself when it is back.',
  notFound: {
    title: 'There is no payment here',
    text: 'The link may be incomplete or mistyped. Open it again from where you found it, or ask the shop for a new one.',
  },
}

export type CryptoTexts = typeof cryptoEn
