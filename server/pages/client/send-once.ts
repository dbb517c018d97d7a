/** Lets a form be sent once: later presses are dropped while the answer is on its way. */
export function sendOnce(form: HTMLFormElement, mayBeSent: () => boolean = () => true): void {
  let isSent = false
  form.addEventListener('submit', (event) => {
    if (isSent || !mayBeSent()) {
      event.preventDefault()
      return
    }
    isSent = true
    // After this turn: a disabled button's own name and value would not be sent.
    setTimeout(() => {
      for (const button of form.querySelectorAll<HTMLButtonElement>('button[type=submit]')) showBusy(button)
    })
  })
}

function showBusy(button: HTMLButtonElement): void {
  button.disabled = true
  if (!button.dataset.busy) return
  button.setAttribute('aria-busy', 'true')
  button.textContent = button.dataset.busy
}
