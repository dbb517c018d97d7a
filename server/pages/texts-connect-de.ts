import type { ConnectTexts } from './texts-connect'

export const connectDe: ConnectTexts = {
  active: {
    title: 'Ihr Shop kann Karten annehmen',
    text: 'Ihr Konto ist verbunden. Sie können diese Seite schließen.',
    more: 'Ihr Konto ist verbunden. Stripe möchte noch etwas wissen, damit es so bleibt.',
  },
  onboarding: {
    title: 'Stripe hat noch Fragen',
    text: 'Ihr Shop kann Karten annehmen, sobald sie beantwortet sind. Sie können jetzt oder später weitermachen.',
  },
  restricted: {
    title: 'Ihr Shop kann noch keine Karten annehmen',
    text: 'Stripe prüft Ihre Angaben. Es ist nichts zu tun: Ihr Shop verkauft, sobald Stripe zustimmt.',
    more: 'Stripe braucht weitere Angaben, bevor Ihr Shop Karten annehmen kann.',
    rejected: 'Stripe hat dieses Konto abgelehnt. Fragen Sie den Support von Stripe oder den Betreiber dieses Servers.',
  },
  ended: {
    title: 'Ihr Konto ist nicht mehr verbunden',
    text: 'Ihr Shop nimmt zurzeit keine Karten an. Rufen Sie connect_store auf, um wieder ein Konto zu verbinden.',
  },
  over: {
    title: 'Dieser Link gilt nicht mehr',
    text: 'Rufen Sie connect_store mit Ihrem Schlüssel auf, oder POST /v1/store/connection, um einen neuen zu bekommen. get_store_connection sagt, wie weit Sie sind.',
  },
  unanswered: {
    title: 'Stripe hat nicht geantwortet',
    text: 'Es ist nichts verloren. Versuchen Sie es gleich noch einmal.',
    action: 'Noch einmal versuchen',
  },
  action: 'Bei Stripe weitermachen',
}
