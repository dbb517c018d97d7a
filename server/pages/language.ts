import { parseAccept } from 'hono/utils/accept'
import { TEXTS, type Texts } from './texts'

/** A buyer's words, and the locale that their amounts and dates are written in. */
export type Language = { texts: Texts; locale: string }

const DEFAULT_LOCALES = { en: 'en-US', de: 'de-DE' } as const
const LONGEST_HEADER = 500

/** The language of an `Accept-Language` header: the first by quality that we have; English when there is none. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = parseAccept((acceptLanguage ?? '').slice(0, LONGEST_HEADER)).filter(({ q }) => q > 0)
  for (const { type: tag } of wanted.sort((a, b) => b.q - a.q)) {
    // Only a plain language or language-REGION reaches Intl: anything else from a header could make it throw.
    const match = /^(en|de)(-[a-z]{2})?(?:-.*)?$/i.exec(tag)
    const lang = match?.[1]?.toLowerCase()
    if (lang !== 'en' && lang !== 'de') continue
    const region = match?.[2]?.toUpperCase()
    return { texts: TEXTS[lang], locale: region ? `${lang}${region}` : DEFAULT_LOCALES[lang] }
  }
  return { texts: TEXTS.en, locale: DEFAULT_LOCALES.en }
}
