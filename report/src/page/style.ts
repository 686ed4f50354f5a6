/** The look of the page: on a screen of any width, by day and by night, and on paper. */

/** The colours that the figures give to models in order. */
const modelColours = ['#0072b2', '#d55e00', '#009e73', '#c96d9f', '#333333', '#e69f00', '#56b4e9'];

/** The style sheet. */
export const style: string = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --ground: #ffffff; --card: #f6f8fa; --accent: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --soft: #9aa4af; --line: #343b44; --ground: #14171b; --card: #1d2127; --accent: #7db8f0; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
.page { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem 4rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--ground); color: var(--accent); border: 2px solid; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
header { padding: 3rem 0 1rem; }
h1 { margin: 0 0 .4rem; font-size: clamp(1.6rem, 4.5vw, 2.3rem); line-height: 1.15; letter-spacing: -.015em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { margin: 3.2rem 0 1rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 1.35rem; line-height: 1.25; }
main > h2:first-child { margin-top: 1.6rem; }
h3 { margin: 0 0 .5rem; font-size: 1.05rem; line-height: 1.3; overflow-wrap: anywhere; }
p { margin: 0 0 .8rem; max-width: 44rem; }
.facts, .note, small, .interval { color: var(--soft); }
.facts { margin: 0; font-variant-numeric: tabular-nums; }
.note { font-size: .875rem; }
nav { margin: 1rem 0 0; font-size: .925rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; list-style: none; margin: 0; padding: 0; }
a { color: var(--accent); }
.answers { display: grid; gap: 1rem; }
.answers section { padding: 1.1rem 1.3rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.answers h3 { color: var(--soft); font-size: .9rem; font-weight: 600; margin-bottom: .3rem; }
.answers p { margin: 0; max-width: none; font-size: 1.1rem; line-height: 1.6; }
.answers .interval { font-size: .9em; }
.name { overflow-wrap: anywhere; }
.model { overflow-wrap: break-word; }
strong, .sure { font-variant-numeric: tabular-nums; font-weight: 650; }
.interval { white-space: nowrap; font-variant-numeric: tabular-nums; }
.unsure { color: var(--soft); font-variant-numeric: tabular-nums; }
.none { color: var(--soft); }
.scroll { overflow-x: auto; margin: 0 0 1.2rem; }
table { border-collapse: collapse; min-width: 100%; font-size: .925rem; }
caption { text-align: left; color: var(--soft); font-size: .875rem; padding-bottom: .4rem; }
th, td { padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); text-align: right; vertical-align: baseline; font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: left; overflow-wrap: break-word; }
tbody th, thead th:first-child { position: sticky; left: 0; min-width: 8.5rem; max-width: 17rem; background: var(--ground); }
thead th + th { max-width: 14rem; padding-left: .6rem; }
thead th { border-bottom: 2px solid var(--line); text-align: right; vertical-align: bottom; }
thead th:first-child { text-align: left; }
th small { display: block; font-weight: 400; font-size: .8rem; line-height: 1.35; }
td .interval { display: block; font-size: .8rem; }
tr > :last-child { padding-right: 0; }
.model { display: inline-flex; align-items: baseline; }
.model::before { content: ""; flex: none; width: .62em; height: .62em; margin-right: .45em; border-radius: 50%; background: var(--own, var(--soft)); border: 1px solid var(--line); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
${modelColours.map((colour, index) => `.m${index} { --own: ${colour}; }`).join('\n')}
figure { margin: 1.6rem 0 2.6rem; display: grid; grid-template-columns: minmax(0, 656px) minmax(0, 1fr); gap: .6rem 2rem; align-items: start; }
figure > h3, figure > details { grid-column: 1 / -1; }
.picture { background: #ffffff; border: 1px solid var(--line); border-radius: 10px; padding: 8px; overflow-x: auto; max-width: 100%; width: max-content; }
.picture svg { display: block; height: auto; }
.narrow { display: none; }
figcaption { font-size: .925rem; }
figcaption strong { display: block; margin-bottom: .2rem; font-size: .8rem; letter-spacing: .04em; text-transform: uppercase; color: var(--soft); }
details { font-size: .925rem; }
summary { cursor: pointer; color: var(--accent); width: max-content; max-width: 100%; padding: .1rem 0; }
details > .scroll { margin-top: .8rem; }
dl { max-width: 48rem; }
dt { font-weight: 600; margin-top: .8rem; }
dd { margin: 0; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
@media (max-width: 60rem) { figure { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 45rem) {
  .page { padding: 0 1rem 3rem; }
  header { padding-top: 1.8rem; }
  .wide { display: none; }
  .narrow { display: block; }
  .picture { padding: 2px; border-radius: 6px; }
  .answers p { font-size: 1.02rem; }
  tbody th, thead th:first-child { min-width: 8.5rem; max-width: 9rem; padding-right: .5rem; font-size: .875rem; }
  th small { min-width: 0; font-size: .75rem; }
}
@media print {
  @page { margin: 14mm; }
  :root { --ink: #000000; --soft: #444444; --line: #bbbbbb; --ground: #ffffff; --card: #ffffff; --accent: #000000; }
  body { font-size: 10pt; }
  .page { max-width: none; padding: 0; }
  header { padding-top: 0; }
  nav, .skip, details { display: none; }
  .wide { display: block; }
  .narrow { display: none; }
  .wide svg { max-width: 100%; }
  h2, h3 { break-after: avoid; }
  figure { display: block; break-inside: avoid; margin-bottom: 1.4rem; }
  figcaption { margin-top: .4rem; }
  .picture { border: 0; padding: 0; overflow: visible; width: auto; }
  .scroll { overflow: visible; break-inside: avoid; }
  tbody th, thead th:first-child { position: static; }
  .answers section, tr { break-inside: avoid; }
}
`;
