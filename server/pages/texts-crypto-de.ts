import type { CryptoTexts } from './texts-crypto'

/** A crypto payment's page in German. */
export const cryptoDe: CryptoTexts = {
  title: (amount, coin) => `${amount} ${coin} zahlen`,
  total: 'Gesamt',
  forStore: (store) => `Zahlung an ${store}`,
  number: 'Zahlungsnummer',
  network: 'Netzwerk',
  coin: 'Währung',
  email: 'E‑Mail',
  amount: 'Genau diesen Betrag senden',
  rest: 'Genau diesen Rest senden',
  address: 'An diese Adresse',
  copy: 'Kopieren',
  copyAmount: 'Betrag kopieren',
  copyAddress: 'Adresse kopieren',
  copied: 'Kopiert',
  scan: 'Mit der Wallet scannen',
  qrLabel: (amount, coin, address) => `QR‑Code: ${amount} ${coin} an ${address} senden`,
  open: 'In einer Wallet auf diesem Gerät öffnen',
  plainTitle: 'Ihre Wallet liest den Code nicht?',
  plainText: 'Dieser enthält nur die Adresse. Geben Sie den Betrag selbst ein.',
  plainLabel: (address) => `QR‑Code der Adresse ${address}`,
  warning: (coin, network) =>
    `Senden Sie nur ${coin}, und nur über ${network}. Alles andere, oder über ein anderes Netzwerk, geht verloren.`,
  fees: 'Ihre Wallet oder Börse berechnet eigene Gebühren. Der Betrag oben muss vollständig ankommen.',
  testMode: 'Testmodus: Senden Sie nichts. Das Geld kommt von einer simulierten Chain: Die Knöpfe unten spielen sie.',
  timeLeft: 'Verbleibende Zeit',
  timeUntil: (time) => `Zahlbar bis ${time}`,
  steps: { wait: 'Warten', seen: 'Gesehen', confirmed: 'Bestätigt' },
  progress: (count, needed) => `${count} von ${needed} Bestätigungen`,
  finalizing: 'Alle Bestätigungen sind da. Das Netzwerk macht sie gerade endgültig.',
  waiting: { title: 'Wir warten auf Ihre Zahlung', text: 'Die Seite ändert sich von selbst, sobald sie zu sehen ist.' },
  closing: {
    title: 'Die Zeit ist abgelaufen',
    text: 'Bitte senden Sie nichts mehr. Haben Sie rechtzeitig gesendet, erscheint es gleich hier.',
  },
  short: {
    title: 'Ein Teil ist angekommen',
    text: (came, rest) =>
      `${came} ist angekommen, ${rest} fehlt noch. Börsen ziehen ihre Gebühr oft vom Betrag ab. Senden Sie den Rest an dieselbe Adresse.`,
  },
  seen: {
    title: 'Ihre Zahlung ist zu sehen',
    text: 'Sie müssen nichts mehr tun. Sie zählt, sobald das Netzwerk sie bestätigt hat; Sie können die Seite schließen.',
  },
  confirmed: {
    title: 'Bezahlt',
    text: (amount, store) => `${amount} ist bei ${store} angekommen. Vielen Dank.`,
    over: (amount, store) => `${amount} mehr als nötig ist angekommen. Bitten Sie ${store} um die Rückgabe.`,
    back: (store) => `Zurück zu ${store}`,
    going: 'Sie werden gleich zurückgeleitet.',
  },
  expired: {
    title: 'Diese Zahlung ist abgelaufen',
    text: (store) =>
      `Es kam rechtzeitig nichts an. Bitte senden Sie nichts mehr; fragen Sie ${store} nach einer neuen Zahlung.`,
  },
  late: {
    title: 'Ihre Zahlung kam zu spät',
    text: (amount, store) =>
      `${amount} kam an, als diese Zahlung schon beendet war, und zählt darum nicht von selbst. Es liegt in der Wallet von ${store}; dort weiß man Bescheid. Nennen Sie die Zahlungsnummer, um es zu klären.`,
  },
  cancelled: {
    title: 'Diese Zahlung wurde abgebrochen',
    text: (store) => `Bitte senden Sie nichts mehr. Fragen Sie ${store} nach einer neuen Zahlung.`,
  },
  unfinished: {
    title: 'Es ist zu wenig angekommen',
    text: (came, needed, store) =>
      `${came} von ${needed} kam an, der Rest nicht rechtzeitig. Das Geld liegt in der Wallet von ${store}. Nennen Sie dort die Zahlungsnummer, um es zu klären.`,
  },
  reversed: {
    title: 'Das Netzwerk hat die Zahlung zurückgenommen',
    text: (store) =>
      `Sie war bestätigt und steht nicht mehr auf der Chain. Sehen Sie in Ihrer Wallet nach, ob sie gesendet wurde, und fragen Sie ${store}.`,
  },
  offline: 'Gerade keine Verbindung. Die Seite macht von selbst weiter, sobald sie wieder da ist.',
  notFound: {
    title: 'Hier gibt es keine Zahlung',
    text: 'Der Link ist vielleicht unvollständig oder vertippt. Öffnen Sie ihn noch einmal dort, wo Sie ihn gefunden haben, oder fragen Sie den Shop nach einem neuen.',
  },
}
