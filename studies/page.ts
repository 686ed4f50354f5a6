/** A study as one self-contained page: the claims first, then what they rest on. */
import { style } from '../report/src/page/style.ts';
import { svgOf } from '../report/src/page/svg.ts';
import { table } from '../report/src/page/tables.ts';
import { escaped } from '../report/src/page/words.ts';
import { type Claim, claimLines, inDigits } from './claims.ts';
import type { Run } from './results.ts';
import type { Findings, Study, StudyFigure } from './study.ts';

export async function pageOf(study: Study, findings: Findings, run: Run): Promise<string> {
  const figures = await Promise.all(findings.figures.map(figureOf));
  const facts = `${run.scale} run, seed ${run.seed}, ${Math.round(run.seconds)} s on tfjs ${run.platform}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(study.title)}</title>
<style>${style}</style>
</head>
<body>
<div class="page">
<header>
<h1>${escaped(study.title)}</h1>
<p>${escaped(study.paper)}</p>
<p class="facts">${escaped(facts)}</p>
</header>
<main>
<h2>Claims</h2>
<p>${escaped(claimLines(findings.claims).at(-1)!)}</p>
${claimsTable(findings.claims)}
<h2>Measurements</h2>
${findings.tables
  .map(({ title, header, rows }) =>
    table(
      title,
      header,
      rows.map((row) => row.map(escaped)),
    ),
  )
  .join('\n')}
<h2>Figures</h2>
${figures.join('\n')}
<h2>What differs from the paper</h2>
${findings.remarks.map((remark) => `<p>${escaped(remark)}</p>`).join('\n')}
</main>
</div>
</body>
</html>
`;
}

function claimsTable(claims: readonly Claim[]): string {
  const rows = claims.map(({ claim, measure, paper, source, verdict, ...measured }) => {
    const { number, interval } = inDigits(measured);
    const range = interval === null ? '' : interval.join(' to ');
    return [claim, verdict, number, range, paper, `${measure}; ${source}`].map(escaped);
  });
  return table(
    '95 % intervals, over trials unless the measure says otherwise',
    ['claim', 'verdict', 'here', 'interval', 'paper', 'measure'],
    rows,
  );
}

async function figureOf({ title, note, specification }: StudyFigure, at: number): Promise<string> {
  const svg = await svgOf(specification, `figure${at}`);
  return `<figure role="img" aria-label="${escaped(title)}"><h3>${escaped(title)}</h3>${svg}<p class="note">${escaped(note)}</p></figure>`;
}
