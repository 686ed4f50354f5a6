import type { Comparison } from '../compare/comparison.ts';
import { groupFigures, modelFigures, type PageFigure } from './pageFigures.ts';
import { sentences } from './sentences.ts';
import { style } from './style.ts';
import { svgOf } from './svg.ts';
import { differencesTable, groupsTable, levelOf, numbersTable } from './tables.ts';
import { count, escaped } from './words.ts';

/** Widths at which each figure is drawn: letters keep their size, on a telephone too. */
const [wide, narrow] = [640, 320];

/**
 * The page of a comparison: one file of HTML without scripts, which opens without a network and prints. It begins with what
 * happened in three sentences, then come the numbers, the figures, what was lost by class and group, and how all of it was
 * computed.
 *
 * @param comparison What `compareModels` returned, or its JSON.
 * @returns A promise of the page.
 * @example
 * const page = await reportHtml(compareModels({ labels, teacher: { logits }, students: { distilled } }));
 */
export async function reportHtml(comparison: Comparison): Promise<string> {
  const { title, rows, classes, students, byClass, byGroup } = comparison;
  const figures = await drawn(modelFigures(comparison));
  const groups = await drawn(groupFigures(comparison));
  const answers = sentences(comparison).map(
    ({ question, answer }) => `<section><h3>${question}</h3><p>${answer}</p></section>`,
  );
  const facts = [
    `${count(rows)} rows`,
    ...(classes === null ? [] : [`${count(classes)} classes`]),
    `a teacher and ${students.length === 1 ? 'a student' : `${students.length} students`}`,
    `${levelOf(comparison)} intervals in brackets`,
  ];
  // Only this style sheet is let in, known by its hash: no script, no picture, no request.
  const policy = `default-src 'none'; style-src 'sha256-${await hashOf(style)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="dark-knowledge-report">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#happened">To what happened</a>
<div class="page">
<header>
<h1>${escaped(title)}</h1>
<p class="facts">${facts.join(' · ')}</p>
<nav aria-label="Parts of the report"><ul>
<li><a href="#numbers">Numbers</a></li><li><a href="#figures">Figures</a></li><li><a href="#lost">What was lost</a></li><li><a href="#method">How it was computed</a></li>
</ul></nav>
</header>
<main>
<h2 id="happened">What happened</h2>
<div class="answers">
${answers.join('\n')}
</div>
<h2 id="numbers">The numbers</h2>
${numbersTable(comparison)}
${differencesTable(comparison)}
<p class="note">Differences in bold have an interval that leaves out 0. All models saw the same rows, so what is hard for both cancels: two intervals may overlap above where the difference here is clear.</p>
<h2 id="figures">The figures</h2>
${figures.join('\n')}
<h2 id="lost">What was lost, by class${Object.keys(byGroup).length > 0 ? ' and group' : ''}</h2>
${groupsTable('Accuracy by class: where most was lost', 'class', byClass)}
${groupsTable('Accuracy by group: where most was lost', 'group', byGroup)}
<p class="note">Changes in bold would be rare by chance even among so many: McNemar’s exact test on the same rows, adjusted by Holm, below 0.05.</p>
${groups.join('\n')}
<h2 id="method">How it was computed</h2>
${method(comparison)}
</main>
<footer>Made by dark-knowledge-report. This page holds no script and asks for nothing from anywhere.</footer>
</div>
</body>
</html>
`;
}

/** SHA-256 as a policy states it. */
async function hashOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...digest));
}

function drawn(figures: readonly PageFigure[]): Promise<string[]> {
  return Promise.all(
    figures.map(async ({ id, title, figure, how, numbers }) => {
      const [large, small] = await Promise.all([wide, narrow].map((width) => svgOf(figure(width), `${id}-${width}`)));
      return `<figure id="${id}" aria-labelledby="${id}-title">
<h3 id="${id}-title">${escaped(title)}</h3>
<div class="picture" role="img" tabindex="0" aria-label="${escaped(figure(wide).description)}"><div class="wide">${large}</div><div class="narrow">${small}</div></div>
<figcaption><strong>How to read it</strong>${how}</figcaption>
<details><summary>The numbers of this figure</summary>
${numbers}
</details>
</figure>`;
    }),
  );
}

function method(comparison: Comparison): string {
  const { intervals, notes } = comparison;
  const level = levelOf(comparison);
  const several = Object.values(comparison.models).some(({ trials }) => trials > 1);
  const entries = [
    [
      'Intervals of means',
      `Accuracy, agreement, divergence, likelihood, Brier score and overconfidence are means over rows. Their ${level} intervals are percentiles of ${count(intervals.resamples)} bootstrap resamples of the rows (seed ${intervals.seed}), drawn once for all models, so that differences are paired.`,
    ],
    [
      'Calibration error',
      'Over 15 bins of equal width. Drawing rows twice widens every bin’s gap, so resamples lie above the value as a whole: the interval is their spread about their own mean, laid around the value. The error itself is above 0 even for a perfectly calibrated model, the more so the fewer the rows.',
    ],
    [
      'Similarity of layers',
      'Linear CKA. A bootstrap would find likeness in rows that are drawn twice; the interval is that of the infinitesimal jackknife, by each row’s influence on the value. Where features are more than rows, unrelated layers come near 1 too: read the value against what chance gives.',
    ],
    [
      'Classes and groups',
      'Intervals in the figures are Wilson’s. Gaps between the best and the worst are differences of extremes, which small groups push up for both models: read them beside the groups’ intervals.',
    ],
    ...(several
      ? [
          [
            'Trials',
            'Numbers of a student with several trials are means over them, and resamples draw trials as well as rows: the interval is of a new training on new rows. From two or three trials it is a rough one.',
          ],
        ]
      : []),
  ] as const;
  const list = entries.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join('\n');
  const remarks = notes.map((note) => `<li>${escaped(note)}</li>`).join('\n');
  return `<dl>\n${list}\n</dl>\n${remarks === '' ? '' : `<ul>\n${remarks}\n</ul>`}`;
}
