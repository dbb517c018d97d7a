import type { StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import type { Mode, Modes } from './schema'

/*
 * Document D makes test orders with the key that makes live ones. So a live key may ask for test data by name; unasked it sees
 * live data only, and a test key never sees any.
 */

/** The context of the mode that is asked for, the key's own unless said. Throws missing_scope for live mode with a test key. */
export function inMode(ctx: StoreContext, mode: Mode | undefined): StoreContext {
  if (mode === undefined) return ctx
  if (ctx.isTest && mode === 'live') throw isTestKey()
  return { ...ctx, isTest: mode === 'test' }
}

/** The values of is_test that are asked for, the key's own unless said. Throws as above. */
export function modesOf(ctx: StoreContext, mode: Modes | undefined): readonly boolean[] {
  if (mode === 'any' && !ctx.isTest) return [false, true]
  return [mode === 'any' ? ctx.isTest : inMode(ctx, mode).isTest]
}

function isTestKey() {
  return new AppError('missing_scope', 'A test key sees and makes test orders only. Use a live key of the store.', {
    field: 'mode',
  })
}
