import { concealLicenseKeys } from '../../kernel/ids'
import { type Credential, isGranted } from './lookup'

/**
 * What this key is shown of something that may hold licence keys, or session ids, which lead to them: without licenses:read,
 * neither can be read in it. For what goes out as JSON.
 */
export function concealedFrom<T>(credential: Credential, value: T): T {
  if (isGranted(credential, 'licenses:read')) return value
  return JSON.parse(concealLicenseKeys(JSON.stringify(value))) as T
}
