import type { CheckoutTexts } from './texts-checkout'

export const checkoutDe: CheckoutTexts = {
  how: 'Wie möchten Sie bezahlen?',
  card: 'Karte',
  crypto: 'Krypto',
  title: 'In Krypto bezahlen',
  choose: 'Wählen Sie eine Währung und ihr Netzwerk',
  hints: {
    bsc: 'Geringste Gebühr, bestätigt binnen einer Minute',
    tron: 'Geringe Gebühr, bestätigt in etwa einer Minute',
    ethereum: 'Höchste Gebühr, bestätigt in etwa 15 Minuten',
  },
  next: 'Weiter mit Krypto',
  busy: 'Einen Moment…',
  promise: 'Als Nächstes sehen Sie Betrag und Adresse. Das Geld geht direkt an die Wallet des Shops.',
  refusals: {
    all_addresses_held: {
      title: 'Krypto ist gerade belegt',
      text: 'Jede Adresse dieses Shops wartet auf eine andere Zahlung. Es wurde nichts abgebucht. Versuchen Sie es in ein paar Minuten noch einmal, oder bezahlen Sie anders.',
    },
    rate_unavailable: {
      title: 'Für diese Währung gibt es gerade keinen Kurs',
      text: 'Es wurde nichts abgebucht. Versuchen Sie es in einer Minute noch einmal, wählen Sie eine andere Währung, oder bezahlen Sie anders.',
    },
    unavailable: {
      title: 'Krypto geht gerade nicht',
      text: 'Es wurde nichts abgebucht. Versuchen Sie es später noch einmal, bezahlen Sie anders, oder fragen Sie den Shop.',
    },
  },
  another: 'Anders bezahlen',
  anotherHint: 'Nur wenn Sie noch nichts gesendet haben: Was danach gesendet wird, zählt nicht für diese Bestellung.',
  again: 'Neu wählen, wie Sie bezahlen',
  expired: 'Es ist nichts rechtzeitig angekommen. Bitte senden Sie nichts mehr an diese Adresse.',
  cancelled: 'Bitte senden Sie nichts mehr an diese Adresse.',
  receipt: 'Beleg ansehen',
  elsewhere: {
    title: 'Diese Bestellung ist schon bezahlt',
    text: 'Sie wurde auf andere Weise bezahlt. Bitte senden Sie nichts an diese Adresse.',
  },
  surplus: {
    title: 'Diese Bestellung wurde doppelt bezahlt',
    text: (amount, store) =>
      `Sie war schon anders bezahlt, als auch noch ${amount} ankamen. Sie liegen in der Wallet von ${store}; dort weiß man Bescheid. Nennen Sie die Zahlungsnummer, um sie zurückzubekommen.`,
  },
  simulation: {
    title: 'Testzahlung',
    hint: 'Spielt Käufer und Chain. Es fließt kein Geld.',
    detect: 'Bezahlen',
    rest: 'Rest bezahlen',
    confirm: 'Bezahlen und bestätigen',
    blocks: 'Bestätigen',
    underpay: 'Zu wenig bezahlen',
    overpay: 'Zu viel bezahlen',
    expire: 'Zeit ablaufen lassen',
    late: 'Zu spät bezahlen',
    reorg: 'Zurücknehmen',
  },
}
