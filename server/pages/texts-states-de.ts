import type { StateTexts } from './texts-states'

export const statesDe: StateTexts = {
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
}
