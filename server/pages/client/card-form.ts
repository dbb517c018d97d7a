import { CARD_FIELDS, type CardField, type Expiry, groupExpiry, groupNumber, problemOf } from '../card-fields'
import { sendOnce } from './send-once'

type Inputs = Record<CardField, HTMLInputElement>

export function connectCardForm(form: HTMLFormElement): void {
  const inputs = inputsOf(form)
  if (!inputs) return
  const now = monthOf(form.dataset.now ?? '')
  groupWhileTyping(inputs.number, groupNumber)
  groupWhileTyping(inputs.expiry, groupExpiry)
  groupWhileTyping(inputs.cvc, (text) => text.replace(/\D/g, '').slice(0, 4))
  showBrand(form, inputs.number)
  forgetProblemsWhileTyping(inputs, now)
  fillFromTestCards(form, inputs)
  const showOffline = offlineNotice()
  sendOnce(form, () => {
    if (!navigator.onLine) {
      showOffline(true)
      // On a phone the notice is far above the button: the focus brings it into view, as with a declined card.
      document.getElementById('offline')?.focus()
      return false
    }
    return showProblems(inputs, now)
  })
}

function inputsOf(form: HTMLFormElement): Inputs | undefined {
  const found = CARD_FIELDS.map((field) => [field, form.elements.namedItem(field)] as const)
  if (!found.every(([, element]) => element instanceof HTMLInputElement)) return undefined
  return Object.fromEntries(found) as Inputs
}

function monthOf(text: string): Expiry {
  const [year, month] = text.split('-').map(Number)
  return { year: year || 0, month: month || 0 }
}

/** Regroups after each change, and keeps the caret behind the same digit. */
function groupWhileTyping(input: HTMLInputElement, group: (text: string) => string): void {
  input.addEventListener('input', (event) => {
    const { value, selectionStart } = input
    const grouped = group(value)
    if (grouped === value) return
    // Deleting a separator must not bring it back at once.
    const isDeletion = event instanceof InputEvent && event.inputType.startsWith('delete')
    if (isDeletion && grouped.startsWith(value)) return
    const wasAtEnd = selectionStart === null || selectionStart >= value.length
    const digitsBefore = value.slice(0, selectionStart ?? 0).replace(/\D/g, '').length
    input.value = grouped
    const caret = wasAtEnd ? grouped.length : positionAfter(grouped, digitsBefore)
    if (document.activeElement === input) input.setSelectionRange(caret, caret)
  })
}

function positionAfter(text: string, digits: number): number {
  let seen = 0
  for (let at = 0; at < text.length; at++) {
    if (seen === digits) return at
    if (/\d/.test(text.charAt(at))) seen++
  }
  return text.length
}

const BRANDS: readonly (readonly [RegExp, string])[] = [
  [/^4/, 'Visa'],
  [/^(5[1-5]|2[2-7])/, 'Mastercard'],
  [/^3[47]/, 'American Express'],
]

function showBrand(form: HTMLFormElement, number: HTMLInputElement): void {
  const label = form.querySelector('[data-brand]')
  const show = () => {
    const brand = BRANDS.find(([pattern]) => pattern.test(number.value))
    if (label) label.textContent = brand?.[1] ?? ''
  }
  number.addEventListener('input', show)
  show()
}

function fillFromTestCards(form: HTMLFormElement, inputs: Inputs): void {
  const put = (field: CardField, value: string) => {
    inputs[field].value = value
    inputs[field].dispatchEvent(new Event('input', { bubbles: true }))
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-test-card]')) {
    button.addEventListener('click', () => {
      put('number', button.dataset.testCard ?? '')
      put('expiry', button.dataset.testExpiry ?? '')
      put('cvc', '123')
      if (inputs.name.value.trim() === '') put('name', 'Test Buyer')
      if (inputs.email.value.trim() === '') put('email', 'buyer@example.com')
      form.querySelector<HTMLButtonElement>('button[type=submit]')?.focus()
    })
  }
}

/** A problem goes as soon as it is solved, not before. */
function forgetProblemsWhileTyping(inputs: Inputs, now: Expiry): void {
  for (const field of CARD_FIELDS) {
    const input = inputs[field]
    input.addEventListener('input', () => {
      if (input.getAttribute('aria-invalid') !== 'true' || problemOf(field, input.value, now)) return
      input.removeAttribute('aria-invalid')
      const problem = document.getElementById(`${field}-problem`)
      if (problem) problem.hidden = true
    })
  }
}

/** True when there are none; else they stand under their fields and in the summary, which gets the focus. */
function showProblems(inputs: Inputs, now: Expiry): boolean {
  const found: { field: CardField; text: string }[] = []
  for (const field of CARD_FIELDS) {
    const input = inputs[field]
    const problem = problemOf(field, input.value, now)
    const text = problem && input.dataset[problem.slice(field.length + 1)]
    if (text) found.push({ field, text })
    if (text) input.setAttribute('aria-invalid', 'true')
    else input.removeAttribute('aria-invalid')
    const line = document.getElementById(`${field}-problem`)
    if (line) line.textContent = text ?? ''
    if (line) line.hidden = !text
  }
  showSummary(found)
  return found.length === 0
}

function showSummary(found: readonly { field: CardField; text: string }[]): void {
  const summary = document.getElementById('summary')
  if (!summary) return
  summary.hidden = found.length === 0
  summary.querySelector('p')?.remove()
  const title = summary.querySelector('h3')
  const { one = '', many = '' } = summary.dataset
  if (title) title.textContent = found.length === 1 ? one : many.replace('{count}', String(found.length))
  summary.querySelector('ul')?.replaceChildren(...found.map(linkTo))
  if (found.length > 0) summary.focus()
}

function linkTo({ field, text }: { field: CardField; text: string }): HTMLLIElement {
  const item = document.createElement('li')
  const link = document.createElement('a')
  link.href = `#${field}`
  link.textContent = text
  link.addEventListener('click', (event) => {
    event.preventDefault()
    document.getElementById(field)?.focus()
  })
  item.append(link)
  return item
}

/** Answers a function that shows or hides the notice. Back online, the notice goes by itself. */
function offlineNotice(): (isOffline: boolean) => void {
  const notice = document.getElementById('offline')
  const show = (isOffline: boolean) => {
    if (!notice) return
    notice.textContent = isOffline ? (notice.dataset.text ?? '') : ''
    notice.hidden = !isOffline
  }
  window.addEventListener('online', () => show(false))
  window.addEventListener('offline', () => show(true))
  return show
}
