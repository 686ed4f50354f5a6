/** `docs/studies.md`: what the kept runs gave, claim by claim, made from their numbers. */
import { type Claim, inDigits } from './claims.ts';
import type { Kept } from './results.ts';
import type { StudyTable } from './study.ts';

const introduction = `# The studies

Each paper behind this library, one finding at a time: models trained anew, measured with this library alone, and the paper's
claims judged one by one. This page is made from the numbers in \`studies/results\` by \`npm run study -- --page\`;
\`npm run study -- NAME\` runs a study again, with figures (see [how](../studies/README.md)).

A claim **holds** where its whole 95 % interval is above 0, **does not hold** where all of it is below, and is **undecided**
in between; the verdict is on the sign, and how large an effect is stands beside the paper's. Intervals are over trials,
Student's of their mean, unless the measure says otherwise. Trials of a study differ in first weights and in the order of the
images; teachers, training and test images are the same in all, but in \`deviations\`, whose trials draw their own training images, and
\`inductive-biases-agreement\`, where every trial has teachers of its own. Each claim is judged by itself: of forty that say nothing about
the world one would hold by chance. Quick runs are small: what
they leave undecided is not refuted. No seed was chosen. Settings were, by the models' accuracy before a claim was looked at; where
they were changed after a look, the study's own words say it, and what the run before gave. Minutes are those on the wall, beside
other work that the machine had, and paused for it; those of one core are what a run takes at most on an idle machine.`;

/** The whole page. */
export function resultsPage(kept: readonly Kept[]): string {
  const overview = markdownTable(
    ['study', 'run', 'claims that hold', 'do not', 'undecided'],
    kept.map(({ results: { study, title, scale, date, claims } }) => [
      `[\`${study}\`](#${anchorOf(title)})`,
      `${scale}, ${date}`,
      `${countOf(claims, 'holds')} of ${claims.length}`,
      String(countOf(claims, 'does not hold')),
      String(countOf(claims, 'undecided')),
    ]),
  );
  return `${[introduction, overview, ...kept.map(sectionOf)].join('\n\n')}\n`;
}

function sectionOf({ results, comment }: Kept): string {
  const { title, paper, study, scale, seed, seconds, cpuSeconds, platform, date, versions, settings, claims } = results;
  const made = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const facts = `\`npm run study -- ${study}${scale === 'full' ? ' --full' : ''}\`, ${date}, seed ${seed}, ${minutes(seconds)} (${minutes(cpuSeconds)} of one core) on tfjs ${platform}; ${made.join(', ')}.`;
  const values = Object.entries(settings).map(([name, value]) => `${name} ${plain(value)}`);
  return [
    `## ${title}`,
    `${paper}.`,
    facts,
    `Settings: ${values.join('; ')}.`,
    `**Claims: ${countOf(claims, 'holds')} of ${claims.length} hold.**`,
    claimTable(claims),
    ...(comment === '' ? [] : [comment]),
    ...results.tables.map(tableOf),
    'What differs from the paper:',
    results.remarks.map((remark) => `- ${remark}`).join('\n'),
  ].join('\n\n');
}

function claimTable(claims: readonly Claim[]): string {
  return markdownTable(
    ['claim', 'verdict', 'here', '95 % interval', 'paper', 'measure', 'source'],
    claims.map(({ claim, verdict, paper, measure, source, ...measured }) => {
      const { number, interval } = inDigits(measured);
      const range = interval === null ? 'none' : interval.join(' to ');
      return [claim, verdict === 'holds' ? '**holds**' : verdict, number, range, paper, measure, source];
    }),
  );
}

function tableOf({ title, header, rows }: StudyTable): string {
  return `${title}:\n\n${markdownTable(header, rows)}`;
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** A bar would end a cell. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}

function countOf(claims: readonly Claim[], verdict: Claim['verdict']): number {
  return claims.filter((claim) => claim.verdict === verdict).length;
}

/** What a heading is linked by: lower case, hyphens for spaces, no other signs. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number} -]/gu, '')
    .replaceAll(' ', '-');
}

function minutes(seconds: number): string {
  return `${(seconds / 60).toFixed(1)} minutes`;
}

/** A setting in a line: `sizes (inputs 3, channels 16 32)`. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${name} ${plain(part)}`);
  return `(${parts.join(', ')})`;
}
