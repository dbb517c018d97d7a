/** Who has typed their address under one tab finds it under the other. */
export function shareEmail(): void {
  const inputs = [...document.querySelectorAll<HTMLInputElement>('form.form input[name=email]')]
  for (const tab of document.querySelectorAll<HTMLInputElement>('input[name=tab]')) {
    tab.addEventListener('change', () => {
      const typed = inputs.find(({ value }) => value.trim() !== '')?.value ?? ''
      for (const input of inputs) if (input.value.trim() === '') input.value = typed
    })
  }
}
