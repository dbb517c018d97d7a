const SHOWN_MS = 2_000

/** Copies the text of the element that `data-copy` names, and says so on the button for a moment. */
export function copyOnPress(button: HTMLButtonElement): void {
  const label = button.textContent
  let timer: ReturnType<typeof setTimeout> | undefined
  // A button's new words are read out only where they are told of.
  button.setAttribute('aria-live', 'polite')
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy ?? '')
    if (!source || !(await copy(source))) return
    button.textContent = button.dataset.copied ?? label
    clearTimeout(timer)
    timer = setTimeout(() => {
      button.textContent = label
    }, SHOWN_MS)
  })
}

/** Browsers keep the clipboard from pages without TLS: there the text is left selected, ready to be copied by hand. */
async function copy(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent?.trim() ?? '')
    return true
  } catch {
    getSelection()?.selectAllChildren(source)
    return false
  }
}
