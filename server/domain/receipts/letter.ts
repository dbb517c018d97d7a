import type { MailTexts } from './texts'

/** What both parts of a mail say, in the order of reading. */
export type Letter = {
  texts: MailTexts
  subject: string
  storeName: string
  accentColor: string | null
  isTest: boolean
  title: string
  lead: string
  lines: Line[]
  receiptUrl: string
  closing: string[]
}

export type Line = { label: string; value: string; isStrong?: boolean; isCode?: boolean }
