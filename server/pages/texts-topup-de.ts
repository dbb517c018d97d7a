import type { TopupTexts } from './texts-topup'

export const topupDe: TopupTexts = {
  title: 'Guthaben aufladen',
  lead: 'Sie zahlen in USDT. Es ist auf Ihrem Guthaben, sobald das Netzwerk die Überweisung bestätigt hat.',
  key: 'API-Schlüssel Ihres Shops',
  keyHint:
    'Der mit sk_live_ beginnt. Er wird nur für diesen Schritt verwendet und nie gespeichert. Ein Testschlüssel lädt sein Testguthaben auf, ohne dass Geld fließt.',
  amount: 'Betrag in USDT',
  amountHint: (least) => `Mindestens ${least} USDT.`,
  network: 'Netzwerk, aus dem Sie senden',
  next: 'Weiter zur Zahlung',
  busy: 'Einen Moment …',
  promise: 'Als Nächstes sehen Sie den genauen Betrag und die Adresse des Betreibers dieses Servers.',
  plans: 'Tarife und ihre Abrechnung',
  problems: {
    key_missing: 'Geben Sie einen API-Schlüssel Ihres Shops ein.',
    key_unknown: 'Dieser Schlüssel ist unbekannt, oder er wurde ersetzt oder widerrufen. Geben Sie einen gültigen ein.',
    key_refused: 'Dieser Schlüssel darf das nicht. Verwenden Sie einen mit dem Recht billing:write.',
    amount_missing: 'Geben Sie ein, wie viel Sie aufladen möchten.',
    amount_invalid: 'Geben Sie den Betrag in Ziffern mit höchstens zwei Nachkommastellen ein, etwa 50.',
    amount_range: (least, most) => `Geben Sie einen Betrag von ${least} bis ${most} USDT ein.`,
    network_missing: 'Wählen Sie ein Netzwerk.',
    network_off: (network) =>
      `Über ${network} kann man auf diesem Server nicht aufladen. Wählen Sie ein anderes Netzwerk.`,
    network_busy: (network) =>
      `Zurzeit ist keine Adresse zum Aufladen über ${network} frei. Wählen Sie ein anderes Netzwerk, oder versuchen Sie es in einigen Minuten noch einmal.`,
  },
  notices: {
    not_approved: {
      title: 'Ihr Shop ist nicht freigegeben',
      text: 'Der Betreiber dieses Servers muss ihn zuerst freigeben. Es wurde nichts begonnen.',
    },
    no_price: {
      title: 'Der Kurs von USDT ist zurzeit nicht bekannt',
      text: 'Es wurde nichts begonnen. Versuchen Sie es in einer Minute noch einmal.',
    },
    no_receiver: {
      title: 'Auf diesem Server kann man noch nicht aufladen',
      text: 'Sein Betreiber hat keinen Shop genannt, der Aufladungen annimmt. Es wurde nichts begonnen: Sagen Sie es dem Betreiber.',
    },
    under_way: {
      title: 'Ihre Aufladung wird gerade angelegt',
      text: 'Sie haben dieses Formular zweimal gesendet. Drücken Sie gleich noch einmal auf den Knopf, um sie zu sehen.',
    },
  },
  off: {
    title: 'Hier gibt es nichts aufzuladen',
    text: 'Dieser Server rechnet mit niemandem ab, also hat kein Shop ein Guthaben, mit dem er zahlt. Sein Betreiber müsste die Abrechnung einschalten.',
    action: 'Zur Dokumentation',
  },
  origin_refused: {
    title: 'Dieses Formular kam von einer anderen Website',
    text: 'Zum Schutz Ihres Schlüssels wird es nur von der Seite selbst angenommen. Es wurde nichts begonnen. Öffnen Sie die Seite und versuchen Sie es noch einmal.',
    action: 'Seite öffnen',
  },
  too_many: {
    title: 'Zu viele Versuche',
    text: (minutes) => `Es wurde nichts begonnen. Warten Sie ${minutes} Min. und versuchen Sie es dann noch einmal.`,
    action: 'Zurück zum Formular',
  },
}
