import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatMoney } from '../../../server/kernel/money'
import { languageOf } from '../../../server/pages/language'
import { TEXTS } from '../../../server/pages/texts'

const picked = (header: string | undefined) => {
  const { texts, locale } = languageOf(header)
  return [texts.lang, locale]
}

test('a buyer reads the language that they like best among ours', () => {
  expect(picked('de-AT,de;q=0.9,en;q=0.8')).toEqual(['de', 'de-AT'])
  expect(picked('fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4')).toEqual(['de', 'de-DE'])
  expect(picked('en-GB')).toEqual(['en', 'en-GB'])
  expect(picked('de;q=0, en')).toEqual(['en', 'en-US'])
})

test('English stands in for languages that we lack and for no header at all', () => {
  expect(picked('ja')).toEqual(['en', 'en-US'])
  expect(picked(undefined)).toEqual(['en', 'en-US'])
})

test('no header, however odd, keeps amounts from being formatted', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^(de|en)[-_a-z0-9;,=.]{0,40}$/),
    fc.constantFrom('de-', 'en-US-u-nu-thai', 'de-1996', 'en-XX', 'de;q=x'),
  )
  fc.assert(fc.property(odd, (header) => formatMoney(1999n, 'eur', languageOf(header).locale).length > 0))
})

test('German has words wherever English has some', () => {
  const holes = (texts: object): string[] =>
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'object' ? holes(value).map((hole) => `${key}.${hole}`) : value === '' ? [key] : [],
    )
  expect(holes(TEXTS.de)).toEqual([])
  expect(holes(TEXTS.en)).toEqual([])
})
