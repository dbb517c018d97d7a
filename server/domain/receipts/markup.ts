/** HTML that may be written as it is. Only `html` makes it, so that nothing gets into a mail unescaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = string | Markup | readonly Markup[] | null

/** Text that is put in is escaped, for an element's content and for a quoted attribute; markup is not; null is nothing. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  const [first = '', ...others] = strings
  return new Markup(first + others.map((text, index) => written(parts[index] ?? null) + text).join(''))
}

function written(part: Part): string {
  if (part === null) return ''
  if (part instanceof Markup) return part.text
  return typeof part === 'string' ? escaped(part) : part.map(({ text }) => text).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
