import type * as z from 'zod'

/**
 * What is wrong with an input, in the words that follow its field's name: "limit: must be at most 100". For what a schema says
 * nothing of itself; undefined leaves zod its own words, which only unknown fields keep, since they are named one by one.
 */
export function inputWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : (TYPES[issue.expected] ?? `must be of the type ${issue.expected}`)
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'too_small':
      if (Number(issue.minimum) === 1 && issue.inclusive !== false && issue.origin in COUNTED)
        return 'must not be empty'
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${shown(issue.values[0])}`
        : `must be one of ${issue.values.map(shown).join(', ')}`
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'does not have the form that is expected here'
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_key':
      return 'has a field whose name is not allowed'
    case 'invalid_element':
      return 'has an entry that is not allowed'
    case 'invalid_union':
      return 'has none of the forms that are allowed here'
    default:
      return undefined
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'must be a text',
  number: 'must be a number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  array: 'must be a list',
  object: 'must be an object',
  record: 'must be an object',
  null: 'must be null',
  date: 'must be a date',
}

/** What a text, a list or an object is measured by. */
const COUNTED: Readonly<Record<string, string>> = {
  string: 'characters',
  array: 'entries',
  set: 'entries',
  map: 'entries',
  object: 'fields',
  record: 'fields',
}

function bound(origin: string, limit: string, value: number | bigint): string {
  const counted = COUNTED[origin]
  return counted === undefined ? `must be ${limit} ${value}` : `must have ${limit} ${value} ${counted}`
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'must be an e-mail address such as buyer@example.com',
  url: 'must be a URL such as https://example.com/',
  uuid: 'must be a UUID such as e6866e28-5b3f-866b-8e2e-21eb368508cd',
  datetime: 'must be a time in ISO 8601 such as 2026-03-01T12:00:00Z',
  date: 'must be a date such as 2026-03-01',
}

/** A text as it is written in a list of choices; numbers, true, false and null as in JSON. */
function shown(value: unknown): string {
  return String(value)
}
