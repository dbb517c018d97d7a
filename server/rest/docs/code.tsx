/** A block of code that a keyboard can scroll. */
export function Code({ text }: { text: string }) {
  return (
    <pre tabindex={0}>
      <code>{text}</code>
    </pre>
  )
}
