import type { Letter, Line } from './letter'
import { html, type Markup } from './markup'

/*
 * Mail programs know little CSS: tables for the columns, styles on the elements, and a style sheet for the dark colours, which
 * those that don't read it don't need. Nothing is loaded from anywhere, so that opening the mail tells nobody.
 */

const HOUSE_ACCENT = '#0b6e4f'
const FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
const CODE_FONT = 'ui-monospace,SFMono-Regular,Menlo,Consolas,monospace'

const STYLE = html`<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #0f1113 !important; }
  .panel { background: #191c1f !important; border-left-color: #2b3035 !important; border-right-color: #2b3035 !important; border-bottom-color: #2b3035 !important; }
  .ink { color: #f2f3f4 !important; }
  .muted { color: #a6adb5 !important; }
  .line { border-color: #2b3035 !important; }
  .button { background: #f2f3f4 !important; color: #16181b !important; }
  .test { background: #2a2140 !important; color: #c9b3ff !important; }
}
</style>`

/** The HTML part, legible in light and dark, from 320 px on. */
export function htmlOf(letter: Letter): string {
  const { texts, subject, lead } = letter
  return html`<!doctype html>
<html lang="${texts.lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${subject}</title>
${STYLE}
</head>
<body class="page" style="margin:0;padding:0;background:#f6f6f3">
<div style="display:none;max-height:0;overflow:hidden">${lead}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f6f6f3">
<tr><td align="center" style="padding:32px 12px">
${panel(letter)}
${closing(letter)}
</td></tr>
</table>
</body>
</html>
`.text
}

function panel(letter: Letter): Markup {
  const { texts, storeName, accentColor, isTest, title, lead, lines, receiptUrl } = letter
  const accent = accentColor ?? HOUSE_ACCENT
  return html`<table role="presentation" class="panel" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:520px;background:#ffffff;border:1px solid #e4e4de;border-top:4px solid ${accent};border-radius:12px">
<tr><td class="ink" style="padding:32px 24px;font:400 16px/24px ${FONT};color:#16181b;text-align:left">
<p class="muted" dir="auto" style="margin:0 0 24px;font-size:14px;color:#565c64">${storeName}${isTest ? badge(texts.test) : null}</p>
<h1 style="margin:0 0 8px;font-size:24px;line-height:32px;font-weight:600">${title}</h1>
<p dir="auto" style="margin:0 0 24px">${lead}</p>
${isTest ? html`<p class="muted" style="margin:0 0 24px;font-size:14px;color:#565c64">${texts.testLead}</p>` : null}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
${lines.map(row)}
</table>
<p style="margin:32px 0 0"><a class="button" href="${receiptUrl}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#16181b;color:#ffffff;font-weight:600;text-decoration:none">${texts.open}</a></p>
</td></tr>
</table>`
}

function badge(word: string): Markup {
  return html` <span class="test" style="display:inline-block;margin-left:8px;padding:0 8px;border-radius:6px;background:#f1eafe;color:#6d28d9;font-size:13px;font-weight:600">${word}</span>`
}

function row({ label, value, isStrong, isCode }: Line): Markup {
  const font = isCode ? `font-family:${CODE_FONT};font-size:14px;` : ''
  const weight = isStrong ? 'font-weight:600;' : ''
  return html`<tr>
<td class="muted line" valign="top" style="padding:8px 16px 8px 0;border-bottom:1px solid #e4e4de;color:#565c64;font-size:14px;line-height:24px">${label}</td>
<td class="ink line" valign="top" align="right" dir="auto" style="padding:8px 0;border-bottom:1px solid #e4e4de;color:#16181b;text-align:right;${weight}${font}word-break:break-word">${value}</td>
</tr>
`
}

function closing({ closing: sentences }: Letter): Markup {
  const lines = sentences.map((sentence) => html`<p dir="auto" style="margin:0 0 8px">${sentence}</p>`)
  return html`<div class="muted" style="max-width:520px;padding:24px 24px 0;font:400 13px/20px ${FONT};color:#565c64;text-align:left">${lines}</div>`
}
