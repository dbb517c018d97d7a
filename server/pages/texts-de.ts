import type { Texts } from './texts'
import { checkoutDe } from './texts-checkout-de'
import { connectDe } from './texts-connect-de'
import { cryptoDe } from './texts-crypto-de'
import { topupDe } from './texts-topup-de'

/** The checkout in German. */
export const de: Texts = {
  lang: 'de',
  payTo: (store) => `Zahlung an ${store}`,
  titleOf: (what, store) => `${what} · ${store}`,
  errorTitle: (title) => `Fehler: ${title}`,
  test: 'Test',
  testMode: 'Testmodus: Es fließt kein Geld, und nur die Testkarten funktionieren.',
  testCards: 'Testkarten',
  testCardsHint: 'Ein Klick füllt das Formular. Jedes künftige Datum, drei beliebige Ziffern und jeder Name passen.',
  testCardsScriptless: 'Geben Sie eine dieser Nummern ein, dazu ein künftiges Datum, drei Ziffern und einen Namen.',
  testOutcomes: {
    success: 'Gelingt',
    success_3ds: 'Gelingt nach 3‑D Secure',
    failed_3ds: '3‑D Secure scheitert',
    declined: 'Abgelehnt',
    expired_card: 'Abgelehnt: abgelaufen',
    insufficient_funds: 'Abgelehnt: nicht gedeckt',
  },
  total: 'Summe',
  about: 'Über dieses Produkt',
  paymentDetails: 'Zahlungsdaten',
  yourDetails: 'Ihre Angaben',
  email: 'E-Mail',
  cardNumber: 'Kartennummer',
  expiry: 'Gültig bis',
  expiryHint: 'MM / JJ',
  cvc: 'Prüfnummer',
  cvcHint: '3 oder 4 Ziffern',
  nameOnCard: 'Name auf der Karte',
  pay: (amount) => `${amount} zahlen`,
  paying: 'Zahlung läuft…',
  cancel: (store) => `Abbrechen und zurück zu ${store}`,
  cardPromise: 'Kartennummer und Prüfnummer dienen nur dieser Zahlung und werden hier nie gespeichert.',
  pagePromise:
    'Sie zahlen auf der sicheren Seite unseres Zahlungsdienstes, mit Karte oder was er sonst anbietet. Der Shop sieht Ihre Karte nie.',
  testPagePromise: 'Testmodus: Es fließt kein Geld. Es geht weiter zur Testseite unseres Zahlungsdienstes.',
  offline: 'Sie sind offline. Es wurde nichts gesendet. Verbinden Sie sich und drücken Sie den Knopf noch einmal.',
  summaryOne: 'Bitte prüfen Sie ein Feld',
  summaryMany: (count) => `Bitte prüfen Sie ${count} Felder`,
  problems: {
    email_missing: 'Geben Sie Ihre E-Mail-Adresse ein.',
    email_invalid: 'Geben Sie eine E-Mail-Adresse wie name@example.com ein.',
    number_missing: 'Geben Sie die Nummer Ihrer Karte ein.',
    number_invalid: 'Prüfen Sie die Kartennummer. Sie hat 12 bis 19 Ziffern.',
    expiry_missing: 'Geben Sie ein, bis wann Ihre Karte gilt.',
    expiry_invalid: 'Geben Sie Monat und Jahr ein, zum Beispiel 12/30.',
    expiry_past: 'Diese Karte ist abgelaufen. Prüfen Sie das Datum oder nehmen Sie eine andere Karte.',
    cvc_missing: 'Geben Sie die Prüfnummer Ihrer Karte ein.',
    cvc_invalid: 'Die Prüfnummer hat 3 oder 4 Ziffern. Sie steht meist auf der Rückseite der Karte.',
    pay_in_missing: 'Wählen Sie eine Währung und ihr Netzwerk.',
    name_missing: 'Geben Sie den Namen auf der Karte ein.',
    name_invalid: 'Geben Sie einen kürzeren Namen ohne Steuerzeichen ein.',
  },
  declinedTitle: 'Die Zahlung wurde abgelehnt',
  declines: {
    expired_card: 'Die Karte ist abgelaufen. Es wurde nichts abgebucht. Nehmen Sie eine andere Karte.',
    insufficient_funds:
      'Die Karte ist nicht ausreichend gedeckt. Es wurde nichts abgebucht. Nehmen Sie eine andere Karte.',
    authentication_failed:
      'Ihre Bank konnte Sie nicht bestätigen. Es wurde nichts abgebucht. Versuchen Sie es noch einmal oder mit einer anderen Karte.',
    not_a_test_card:
      'Im Testmodus werden echte Karten abgelehnt. Es wurde nichts abgebucht. Nehmen Sie eine der Testkarten.',
    invalid_expiry: 'Das Ablaufdatum passt nicht zur Karte. Es wurde nichts abgebucht. Prüfen Sie das Datum.',
    card_declined:
      'Ihre Bank hat die Karte ohne Angabe eines Grundes abgelehnt. Es wurde nichts abgebucht. Nehmen Sie eine andere Karte oder fragen Sie Ihre Bank.',
  },
  priceChangedTitle: 'Der Preis hat sich geändert',
  priceChanged: (amount) =>
    `Er beträgt jetzt ${amount}. Es wurde nichts abgebucht. Geben Sie die Karte noch einmal ein, wenn Sie zu diesem Preis kaufen wollen.`,
  couponUsedTitle: 'Der Gutschein wurde schon benutzt',
  couponUsed: (amount) =>
    `Mit dieser E-Mail-Adresse gilt er nicht noch einmal. Ohne ihn beträgt der Preis ${amount}. Es wurde nichts abgebucht. Geben Sie die Karte noch einmal ein, wenn Sie zu diesem Preis kaufen wollen.`,
  couponRefusals: {
    not_found: 'Diesen Gutschein gibt es nicht. Prüfen Sie die Schreibweise.',
    inactive: 'Dieser Gutschein gilt zurzeit nicht.',
    expired: 'Dieser Gutschein ist abgelaufen.',
    used_up: 'Dieser Gutschein ist aufgebraucht.',
    used_by_customer: 'Dieser Gutschein wurde mit dieser E-Mail-Adresse schon benutzt.',
    below_minimum_amount: 'Dieser Gutschein gilt erst für größere Bestellungen.',
    other_currency: 'Dieser Gutschein gilt für eine andere Währung.',
    total_too_small: 'Dieser Gutschein passt nicht: Der Rest wäre zu klein, um ihn abzubuchen.',
  },
  coupon: {
    add: 'Gutschein einlösen',
    label: 'Gutscheincode',
    apply: 'Einlösen',
    missing: 'Geben Sie den Code Ihres Gutscheins ein.',
    price: 'Preis',
    applied: 'Gutschein',
    remove: 'Entfernen',
    removeOf: (code) => `Gutschein ${code} entfernen`,
  },
  free: {
    title: 'Nichts zu zahlen',
    lead: 'Dies kostet Sie nichts. Der Beleg geht an Ihre E-Mail-Adresse.',
    get: 'Bestellung abschließen',
    busy: 'Einen Moment…',
    testMode: 'Testmodus: Dies ist eine Probe.',
  },
  paymentTo: (store) => `Zahlung an ${store}`,
  ownAmount: {
    title: 'Wie viel möchten Sie zahlen?',
    short: 'Sie entscheiden',
    label: (currency) => `Betrag in ${currency}`,
    hint: (least, most) => `Von ${least} bis ${most}.`,
    missing: 'Geben Sie den Betrag ein, den Sie zahlen möchten.',
    invalid: (example) => `Geben Sie den Betrag in Ziffern ein, zum Beispiel ${example}.`,
    range: (least, most) => `Der Betrag muss zwischen ${least} und ${most} liegen.`,
    next: 'Weiter',
    change: 'Betrag ändern',
  },
  link: {
    title: 'Dieser Link funktioniert nicht',
    lead: (store) => `${store} muss ihn berichtigen. Es wurde nichts abgebucht.`,
    leadAlone: 'Der Shop muss ihn berichtigen. Es wurde nichts abgebucht.',
    store_missing: 'store_id fehlt: Die Adresse muss den Shop nennen, zum Beispiel store_id=sto_0a1b2c3d.',
    problems: {
      amount_invalid: (name) => `${name} muss ein einfacher Betrag sein, zum Beispiel 49.99.`,
      amount_range: (name, least, most) => `${name} muss zwischen ${least} und ${most} liegen.`,
      currency_unknown: (name) => `${name} muss eine Währung mit drei Buchstaben sein, zum Beispiel usd oder eur.`,
      text_invalid: (name) => `${name} ist zu lang oder enthält Zeichen, die man nicht zeigen kann.`,
      url_invalid: (name) => `${name} muss eine ganze Adresse sein, zum Beispiel https://example.com/danke.`,
      flag_invalid: (name) => `${name} muss true oder false sein.`,
      variant_unknown: (name) => `${name} ist keine Variante dieses Shops.`,
      webhook_refused: (name) =>
        `${name} muss auf einem Host liegen, den der Shop eingetragen hat: einer seiner Webhooks oder seine webhook_url.`,
    },
  },
  challenge: {
    title: 'Zahlung bestätigen',
    heading: 'Sind Sie das?',
    bank: 'Sandbox-Bank',
    explanation: 'Diese Seite steht für die 3‑D‑Secure-Prüfung Ihrer Bank. Wählen Sie, wie sie ausgehen soll.',
    store: 'Shop',
    amount: 'Betrag',
    card: 'Karte',
    cardEnding: (brand, last4) => `${brand} mit Endziffern ${last4}`,
    complete: 'Authentifizierung bestätigen',
    fail: 'Authentifizierung scheitern lassen',
  },
  receipt: {
    title: 'Beleg',
    thanks: 'Vielen Dank',
    paid: (amount, store) => `Sie haben ${amount} an ${store} gezahlt.`,
    free: (store) => `An ${store} war nichts zu zahlen.`,
    refunded: 'Erstattet',
    refundedLead: (amount, store) => `${store} hat ${amount} erstattet. Ihre Bank zeigt es in einigen Tagen.`,
    partlyRefunded: (amount) => `Davon wurden ${amount} erstattet.`,
    testLead: 'Dies war ein Test: Es ist kein Geld geflossen.',
    what: 'Produkt',
    amount: 'Gezahlt',
    date: 'Datum',
    number: 'Bestellnummer',
    email: 'E-Mail',
    store: 'Shop',
    card: 'Gezahlt mit',
    license: 'Ihr Lizenzschlüssel',
    licenseCopy: 'Kopieren',
    licenseCopied: 'Kopiert',
    licenseForEver: 'Unbegrenzt gültig.',
    licenseUntil: (when) => `Gültig bis ${when}.`,
    licensePlaces: (places) =>
      places === 1
        ? 'Sie können ihn an einer Stelle zugleich benutzen.'
        : `Sie können ihn an ${places} Stellen zugleich benutzen.`,
    licenseEnded: {
      expired: 'Dieser Schlüssel ist abgelaufen.',
      revoked: 'Dieser Schlüssel wurde widerrufen und gilt nicht mehr.',
    },
    print: 'Drucken',
    back: (store) => `Zurück zu ${store}`,
    open: 'Beleg in neuem Tab öffnen',
    keep: 'Heben Sie diese Seite auf: Ihre Adresse ist Ihr Beleg.',
  },
  crypto: cryptoDe,
  checkout: checkoutDe,
  connect: connectDe,
  topup: topupDe,
  states: {
    draft: {
      title: 'Noch nicht im Verkauf',
      text: 'Dieses Produkt wird noch nicht verkauft. Fragen Sie den Shop, wann es so weit ist.',
    },
    archived: {
      title: 'Nicht mehr im Verkauf',
      text: 'Dieses Produkt wird nicht mehr verkauft. Fragen Sie den Shop nach einem anderen.',
    },
    store_not_approved: {
      title: 'Dieser Shop kann noch nicht verkaufen',
      text: 'Dieser Shop ist noch nicht freigegeben und kann keine Zahlungen annehmen. Kommen Sie später wieder.',
    },
    no_gateway: {
      title: 'Dieser Shop kann noch keine Zahlungen annehmen',
      text: 'Dieser Shop hat noch keinen Zahlungsdienst verbunden. Es wurde nichts abgebucht. Kommen Sie später wieder oder fragen Sie den Shop.',
    },
    not_connected: {
      title: 'Dieser Shop kann im Moment keine Karten annehmen',
      text: 'Sein Konto für Kartenzahlungen ist nicht verbunden oder noch nicht fertig eingerichtet. Es wurde nichts abgebucht. Kommen Sie später wieder oder fragen Sie den Shop.',
      points: [
        'Ist das Ihr Shop? Rufen Sie connect_store mit Ihrem Schlüssel auf, oder POST /v1/store/connection, und öffnen Sie den Link aus der Antwort. get_store_connection sagt, was fehlt.',
      ],
    },
    at_plan_limit: {
      title: 'Dieser Shop kann im Moment keine Zahlungen annehmen',
      text: 'Es wurde nichts abgebucht. Kommen Sie später wieder oder fragen Sie den Shop.',
    },
    expired: {
      title: 'Diese Kasse ist abgelaufen',
      text: 'Sie war zu lange offen, und es wurde nichts abgebucht. Beginnen Sie zum Kauf noch einmal.',
      textAlone: 'Sie war zu lange offen, und es wurde nichts abgebucht. Bitten Sie den Shop um einen neuen Link.',
      action: 'Noch einmal beginnen',
    },
    paid: {
      title: 'Sie haben schon bezahlt',
      text: (product) => `${product} ist bezahlt. Es wurde nur einmal abgebucht.`,
      action: 'Beleg zeigen',
      again: 'Noch einmal kaufen',
    },
    processing: {
      title: 'Ihre Zahlung wird bearbeitet',
      text: 'Das dauert einige Sekunden. Die Seite lädt von selbst neu; bitte zahlen Sie nicht ein zweites Mal.',
      action: 'Jetzt neu laden',
    },
    redirected: {
      title: 'Weiter zur Zahlungsseite',
      text: (amount) =>
        `Sie zahlen ${amount} auf der sicheren Seite unseres Zahlungsdienstes. Bisher wurde nichts abgebucht.`,
      action: 'Weiter zur Zahlung',
      cancel: (store) => `Abbrechen und zurück zu ${store}`,
    },
    settling: {
      title: 'Ihre Zahlung ist unterwegs',
      text: (email) =>
        `Ihre Bank braucht dafür bis zu mehrere Tage. Sie müssen nichts mehr tun: Bitte zahlen Sie nicht ein zweites Mal.${email ? ` Die Quittung geht an ${email}, sobald das Geld da ist.` : ''}`,
    },
    not_chargeable: {
      title: 'Dieser Preis kann nicht mit Karte gezahlt werden',
      text: 'Der Shop muss den Preis oder seine Währung ändern. Es wurde nichts abgebucht.',
    },
    crypto_not_offered: {
      title: 'So kann das nicht bezahlt werden',
      text: 'Der Shop nimmt diese Währung nicht, oder sein Preis ist nicht in US-Dollar. Es wurde nichts abgebucht. Gehen Sie zurück und bezahlen Sie anders.',
    },
    page_failed: {
      title: 'Die Zahlungsseite ließ sich nicht öffnen',
      text: 'Unser Zahlungsdienst hat nicht geantwortet. Es wurde nichts abgebucht. Versuchen Sie es gleich noch einmal.',
      action: 'Noch einmal versuchen',
    },
    not_found: {
      title: 'Hier ist keine Kasse',
      text: 'Vielleicht ist der Link unvollständig oder vertippt. Öffnen Sie ihn noch einmal dort, wo Sie ihn gefunden haben, oder bitten Sie den Shop um einen neuen.',
    },
    origin_refused: {
      title: 'Dieses Formular kam von einer anderen Website',
      text: 'Zu Ihrem Schutz werden Zahlungen nur von der Kasse selbst angenommen. Es wurde nichts abgebucht. Öffnen Sie die Seite und versuchen Sie es noch einmal.',
      action: 'Kasse öffnen',
    },
    too_many: {
      title: 'Zu viele Versuche',
      text: (minutes: number) =>
        `Es wurde nichts abgebucht. Warten Sie ${minutes} Min. und versuchen Sie es dann noch einmal.`,
      action: 'Zurück zur Kasse',
    },
    failed: {
      title: 'Bei uns ist etwas schiefgegangen',
      text: (id) =>
        `Sie zahlen nicht doppelt. Versuchen Sie es noch einmal; bleibt es so, nennen Sie dem Shop diese Nummer: ${id}`,
      action: 'Noch einmal versuchen',
    },
  },
}
