import type { StoreContext } from '../../context'
import { PLATFORM_STORE } from '../../kernel/ids'

/** Whose chain a context's payments are on; see `addressOwners`. */
export function realmOf({ storeId, isTest }: StoreContext): bigint {
  return isTest ? storeId : PLATFORM_STORE
}
