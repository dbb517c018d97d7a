import { createHash, randomBytes } from 'node:crypto'

/**
 * Ids that name their store. What arrives without a key (a product in a checkout link, a session, an API key) carries its
 * store's number, so that every look-up is `store_id = … and id = …` and no directory is needed.
 *
 * A store's number is 40 random bits: it tells nobody how many stores there are, and needs no sequence.
 */
const STORE_BITS = 40n
const STORE_CHARS = 8
const MAX_STORE = (1n << STORE_BITS) - 1n

/** Crockford's base 32, lower case: no i, l, o, u, so that an id survives being read aloud. 5 bits a character. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const CHAR = '[0-9a-hjkmnp-tv-z]'

function randomChars(count: number): string {
  return charsOf(randomBytes(count))
}

function charsOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += ALPHABET[byte & 31]
  return text
}

function storeChars(store: bigint): string {
  let text = ''
  for (let rest = Number(store); text.length < STORE_CHARS; rest = Math.floor(rest / 32))
    text = ALPHABET[rest % 32] + text
  return text
}

/** On every request with a key. 40 bits fit a number exactly, which is ten times as fast as a bigint built digit by digit. */
function storeFromChars(text: string): bigint {
  let store = 0
  for (let index = 0; index < text.length; index++) store = store * 32 + ALPHABET.indexOf(text.charAt(index))
  return BigInt(store)
}

/** A new store's number, never 0: store 0 is the platform itself. The caller retries on the rare collision. */
export function newStoreNumber(): bigint {
  const store = BigInt(`0x${randomBytes(5).toString('hex')}`) & MAX_STORE
  return store === 0n ? 1n : store
}

export const PLATFORM_STORE = 0n

/** `sto_` and 8 characters. */
export function formatStoreId(store: bigint): string {
  return `sto_${storeChars(store)}`
}

const STORE_ID = new RegExp(`^sto_(${CHAR}{${STORE_CHARS}})$`)

export function parseStoreId(id: string): bigint | undefined {
  const chars = STORE_ID.exec(id)?.[1]
  return chars === undefined ? undefined : storeFromChars(chars)
}

/**
 * A version-8 UUID (RFC 9562): 40 bits of store, then 82 random bits around the version and variant fields.
 *
 *     ssssssss-ssrr-8rrr-Vrrr-rrrrrrrrrrrr     s = store, r = random, V = 8, 9, a or b
 */
export function newRowId(store: bigint): string {
  return uuidOf(store, randomBytes(11))
}

/** The same id for the same seed: a retried operation finds the row that its first attempt made. */
export function derivedRowId(store: bigint, seed: string): string {
  return uuidOf(store, createHash('sha256').update(seed).digest().subarray(0, 11))
}

function uuidOf(store: bigint, random: Uint8Array): string {
  const hex = Buffer.from(random).toString('hex')
  const s = store.toString(16).padStart(10, '0')
  const variant = (8 | (Number.parseInt(hex.charAt(5), 16) & 3)).toString(16)
  return `${s.slice(0, 8)}-${s.slice(8)}${hex.slice(0, 2)}-8${hex.slice(2, 5)}-${variant}${hex.slice(6, 9)}-${hex.slice(9, 21)}`
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** The store that an id of ours names, or undefined when the text is no id of ours. */
export function storeOfRowId(id: string): bigint | undefined {
  if (!UUID.test(id)) return undefined
  return BigInt(`0x${id.slice(0, 8)}${id.slice(9, 11)}`)
}

/** Kinds of rows that document D knows by an id of its own. */
type DocumentedKind = 'var' | 'coup'

/** 128 bits of a uuid, 5 a character. */
const ROW_CHARS = 26

/** A row's id as document D writes it: `var_` and the uuid in 26 characters. It names its store, as the uuid does. */
export function formatRowId(kind: DocumentedKind, rowId: string): string {
  let bits = BigInt(`0x${rowId.replaceAll('-', '')}`)
  let text = ''
  for (let index = 0; index < ROW_CHARS; index++, bits >>= 5n) text = ALPHABET.charAt(Number(bits & 31n)) + text
  return `${kind}_${text}`
}

const DOCUMENTED_ID = new RegExp(`^([a-z]+)_(${CHAR}{${ROW_CHARS}})$`)

/** The uuid of such an id, or undefined when the text is none of this kind. */
export function parseRowId(kind: DocumentedKind, text: string): string | undefined {
  const match = DOCUMENTED_ID.exec(text)
  if (match?.[1] !== kind || !match[2]) return undefined
  let bits = 0n
  for (const char of match[2]) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(char))
  const hex = bits.toString(16).padStart(32, '0')
  const rowId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return storeOfRowId(rowId) === undefined ? undefined : rowId
}

/** `sk_live_` or `sk_test_`, the store's 8 characters, then 40 random characters: 200 bits. */
export function newApiKey(store: bigint, isTest: boolean): string {
  return `sk_${isTest ? 'test' : 'live'}_${storeChars(store)}${randomChars(40)}`
}

const API_KEY = new RegExp(`^sk_(live|test)_(${CHAR}{${STORE_CHARS}})${CHAR}{40}$`)

export function storeOfApiKey(key: string): bigint | undefined {
  const chars = API_KEY.exec(key)?.[2]
  return chars === undefined ? undefined : storeFromChars(chars)
}

/** Keys have 200 random bits, so one fast hash is enough: there is nothing to guess. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** `cs_live_` or `cs_test_`, the store's 8 characters, then 26 random characters (130 bits): whoever has it may pay. */
export function newSessionId(store: bigint, isTest: boolean): string {
  return `cs_${isTest ? 'test' : 'live'}_${storeChars(store)}${randomChars(26)}`
}

/** The same session for the same seed. As hard to guess as the seed is. */
export function derivedSessionId(store: bigint, isTest: boolean, seed: string): string {
  const secret = charsOf(createHash('sha256').update(seed).digest().subarray(0, 26))
  return `cs_${isTest ? 'test' : 'live'}_${storeChars(store)}${secret}`
}

const SESSION_ID = new RegExp(`^cs_(live|test)_(${CHAR}{${STORE_CHARS}})${CHAR}{26}$`)

export function parseSessionId(id: string): { store: bigint; isTest: boolean } | undefined {
  const match = SESSION_ID.exec(id)
  if (!match?.[2]) return undefined
  return { store: storeFromChars(match[2]), isTest: match[1] === 'test' }
}

/** `txn_` and 24 characters (120 bits). Looked up with a key beside it, so it names no store. */
export function newTransactionId(): string {
  return `txn_${randomChars(24)}`
}

/** `PP-YYMM-XXXXXX`: short enough to say on the phone, unique within a store (the insert retries on a collision). */
export function newOrderNumber(at: Date): string {
  const yymm = at.toISOString().slice(2, 7).replace('-', '')
  return `PP-${yymm}-${randomChars(6).toUpperCase()}`
}

const LICENSE_GROUPS = 5
const LICENSE_GROUP = 5

/** `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`: 125 random bits. It comes with its product beside it, so it names no store. */
export function newLicenseKey(): string {
  return groupsOf(randomChars(LICENSE_GROUPS * LICENSE_GROUP))
}

function groupsOf(chars: string): string {
  return (chars.toUpperCase().match(new RegExp(`.{${LICENSE_GROUP}}`, 'g')) ?? []).join('-')
}

const LICENSE_KEYS = /\b[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){4}\b/g
const SESSION_IDS = new RegExp(`\\bcs_(live|test)_${CHAR}{${STORE_CHARS}}${CHAR}{26}\\b`, 'g')

/**
 * The text without its licence keys, for who may not read those, and without session ids: whoever knows the id of a paid session
 * is taken for the buyer, and is shown the key on the receipt.
 */
export function concealLicenseKeys(text: string): string {
  return text
    .replace(LICENSE_KEYS, (key) => key.replace(/\w/g, '•'))
    .replace(SESSION_IDS, (id, mode: string) => `cs_${mode}_`.padEnd(id.length, '•'))
}

const LICENSE_KEY = new RegExp(`^${CHAR}{${LICENSE_GROUPS * LICENSE_GROUP}}$`)

/**
 * The key that somebody typed: spaces, dashes and case don't matter, and what Crockford's alphabet leaves out is read as what it
 * looks like. Undefined when it can't be one.
 */
export function parseLicenseKey(typed: string): string | undefined {
  const chars = typed
    .replace(/[\s\p{Pd}]/gu, '')
    .toLowerCase()
    .replaceAll('o', '0')
    .replace(/[il]/g, '1')
  return LICENSE_KEY.test(chars) ? groupsOf(chars) : undefined
}

/** Document B's `PAY-YYYYMMDD-XXXXXX`, unique within a store (the insert retries on a collision). */
export function newPaymentNumber(at: Date): string {
  return `PAY-${at.toISOString().slice(0, 10).replaceAll('-', '')}-${randomChars(6).toUpperCase()}`
}

/** Document B's 32 url-safe bytes, the first 5 of them the store's: whoever has it sees the payment's page. 216 bits to guess. */
export function newPaymentToken(store: bigint): string {
  const prefix = Buffer.from(store.toString(16).padStart(10, '0'), 'hex')
  return Buffer.concat([prefix, randomBytes(27)]).toString('base64url')
}

/** The store that a token of ours names, or undefined when the text is none. */
export function storeOfPaymentToken(token: string): bigint | undefined {
  if (!/^[\w-]{43}$/.test(token)) return undefined
  return BigInt(`0x${Buffer.from(token, 'base64url').toString('hex').slice(0, 10)}`)
}

/**
 * `whsec_` and 32 random bytes in base64: document A, B and D verifiers use the whole string as their key, Standard Webhooks
 * decodes what follows the prefix.
 */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}
