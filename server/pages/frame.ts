import type { Context } from 'hono'

/** `auto` is the buyer's own choice. */
export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

/** How a checkout is shown within somebody else's page. */
export type Frame = {
  theme: Theme
  /** Shown by our own script in a dialog of the shop's page, which can be closed and which does the redirect itself. */
  isDialog: boolean
}

/** Document D: an embedded checkout is dark unless the shop says otherwise. */
const DEFAULT_THEME: Theme = 'dark'

/** What every address of an embedded checkout says of its frame. */
export function frameOf(c: Pick<Context, 'req'>): Frame {
  const theme = THEMES.find((one) => one === c.req.query('theme')) ?? DEFAULT_THEME
  return { theme, isDialog: c.req.query('dialog') === '1' }
}

/** What a page must hand on to the next one, so that its frame stays as it is: `?theme=light`, or nothing. */
export function frameQuery(frame: Frame | null): string {
  const query = new URLSearchParams()
  if (frame && frame.theme !== DEFAULT_THEME) query.set('theme', frame.theme)
  if (frame?.isDialog) query.set('dialog', '1')
  return query.size > 0 ? `?${query}` : ''
}
