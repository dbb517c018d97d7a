/**
 * The script of the hosted pages. Everything works without it: it groups digits, finds slips before they are sent, fills in
 * test cards, and keeps a second press of the button from being sent (the server charges once either way).
 */
import { connectCardForm } from './card-form'
import { copyOnPress } from './copy'
import { connectFrame } from './frame'
import { connectPayment } from './pay'
import { sendOnce } from './send-once'
import { shareEmail } from './share-email'

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-card-form]')) connectCardForm(form)
for (const form of document.querySelectorAll<HTMLFormElement>('form[data-once]')) sendOnce(form)
for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => window.print())

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) copyOnPress(button)

for (const panel of document.querySelectorAll<HTMLElement>('#pay')) connectPayment(panel)

shareEmail()
document.querySelector<HTMLElement>('.alert:not([hidden])')?.focus()
connectFrame()

// A page brought back by the back button may be of before the payment: ask the server.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) window.location.reload()
})
