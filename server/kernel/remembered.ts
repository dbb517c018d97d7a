/** Remembers what `work` makes of a text, which must be a function of that text alone, for up to `most` texts. */
export function remembered<T extends NonNullable<unknown>>(
  most: number,
  work: (text: string) => T,
): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = work(text)
    if (known.size >= most) known.clear()
    known.set(text, made)
    return made
  }
}
