/** The documentation's style sheet, inlined into its page: one request, readable offline. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --soft: #f6f7f9; --line: #e3e6ea; --ink: #1b1f24; --faint: #5b6470;
  --accent: #3451c7; --get: #1a7f4b; --post: #3451c7; --patch: #8f5a00; --delete: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #111418; --soft: #191d23; --line: #2b313a; --ink: #e8ebef; --faint: #9aa4b1;
    --accent: #93a8ff; --get: #5fd39a; --post: #93a8ff; --patch: #e8b45a; --delete: #ff8a80;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 24px; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); text-underline-offset: 3px; }
a:focus-visible, summary:focus-visible, pre:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 16px; top: 16px; background: var(--paper); padding: 8px 16px; z-index: 1; }
.layout { display: grid; grid-template-columns: 272px minmax(0, 1fr); max-width: 1232px; margin: 0 auto; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 32px 16px 32px 24px; font-size: 14px; line-height: 1.4; border-right: 1px solid var(--line); }
nav .brand { font-size: 18px; font-weight: 700; letter-spacing: -0.01em; color: var(--ink); text-decoration: none; }
nav h2 { font-size: 12px; font-weight: 600; color: var(--faint); margin: 24px 0 4px; text-transform: capitalize; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: block; padding: 5px 8px; margin-left: -8px; border-radius: 6px; color: var(--ink); text-decoration: none; }
nav li a:hover { background: var(--soft); color: var(--accent); }
main { padding: 40px 48px 128px; min-width: 0; }
h1 { font-size: 40px; line-height: 1.15; letter-spacing: -0.025em; margin: 0 0 16px; }
.lead { font-size: 19px; color: var(--faint); max-width: 36em; margin: 0 0 40px; }
main h2 { font-size: 26px; line-height: 1.25; letter-spacing: -0.015em; margin: 72px 0 12px; padding-top: 24px; border-top: 1px solid var(--line); }
main h2.group { text-transform: capitalize; }
main h3 { font-size: 19px; line-height: 1.3; margin: 32px 0 8px; }
main p, main li { max-width: 44em; }
article { padding: 8px 0 32px; }
article + article { border-top: 1px solid var(--line); padding-top: 24px; }
article h3 { margin-top: 8px; }
article h3 a { color: inherit; text-decoration: none; }
article h3 a:hover { text-decoration: underline; }
code { font: 0.875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
:not(pre) > code { background: var(--soft); border: 1px solid var(--line); border-radius: 5px; padding: 1px 5px; overflow-wrap: anywhere; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 12px; padding: 16px; overflow-x: auto; margin: 12px 0 20px; max-width: 60em; font-size: 14.5px; }
.route { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 10px; margin: 0 0 8px; }
.method { font: 700 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.GET { color: var(--get); } .POST { color: var(--post); } .PATCH, .PUT { color: var(--patch); } .DELETE { color: var(--delete); }
dl.doors { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 20px; margin: 12px 0 16px; font-size: 15px; }
dl.doors dt { color: var(--faint); } dl.doors dd { margin: 0; }
.scroll { overflow-x: auto; margin: 12px 0 20px; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { text-align: left; vertical-align: top; padding: 9px 16px 9px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: 13px; color: var(--faint); }
td .type { color: var(--faint); font-size: 14px; white-space: nowrap; }
.required { color: var(--delete); font-size: 13px; }
td code { white-space: nowrap; }
details { margin: 8px 0; } summary { cursor: pointer; color: var(--accent); font-size: 15px; }
@media (max-width: 860px) {
  .layout { display: block; }
  nav { position: static; max-height: none; border-right: 0; border-bottom: 1px solid var(--line); padding: 20px; }
  nav summary { padding: 10px 0; }
  nav li a { padding: 9px 8px; }
  main { padding: 28px 20px 96px; }
  h1 { font-size: 32px; } .lead { font-size: 17px; margin-bottom: 24px; }
  main h2 { margin-top: 48px; }
  .fields thead { position: absolute; left: -9999px; }
  .fields tr { display: grid; grid-template-columns: 1fr max-content; padding: 10px 0; border-bottom: 1px solid var(--line); }
  .fields td { border: 0; padding: 2px 0; }
  .fields td:last-child { grid-column: 1 / -1; }
  td .type { white-space: normal; }
}
@media (min-width: 861px) {
  @supports selector(::details-content) {
    nav summary { display: none; }
    nav details::details-content { content-visibility: visible; display: block; }
  }
}
@media print { nav { display: none; } .layout { display: block; } pre { white-space: pre-wrap; } }
`
