/** Tables in HTML: every number of every model, differences on the same rows, and what was lost by class and group. */
import type { GroupShiftResult } from 'dark-knowledge';
import type { Comparison, Estimate } from '../compare/comparison.ts';
import { type NumberRow, numberRows } from './numberRows.ts';
import { count, escaped, estimateText, excludesZero, signed } from './words.ts';

/** A table that scrolls by itself where it is wider than the page, by keyboard too. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) => row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');
  const body = rows.map(([first, ...rest]) => `<tr><th scope="row">${first}</th>${cells('td', rest)}</tr>`).join('\n');
  const heads = head.map((cell) => `<th scope="col">${cell}</th>`).join('');
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(caption)}"><table><caption>${escaped(caption)}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}
</tbody></table></div>`;
}

/** The numbers of all models. */
export function numbersTable(comparison: Comparison): string {
  const { models, students } = comparison;
  const names = ['teacher', ...students];
  const rows = numberRows(comparison).map((row) => [
    titleOf(row),
    ...names.map((name) => cell(row.of(models[name]!), row, false)),
  ]);
  return table(
    `Numbers of all models, with ${levelOf(comparison)} intervals`,
    ['', ...names.map((name, index) => headOf(name, index, models[name]!.trials))],
    rows,
  );
}

/** Pairs of students that a page shows. */
const mostPairs = 6;

/** Differences on the same rows. */
export function differencesTable(comparison: Comparison): string {
  const { models, students, differences } = comparison;
  const columns = [
    ...students.flatMap((name) => {
      const { change } = models[name]!;
      return change === undefined ? [] : [{ title: `${name} − teacher`, numbers: change }];
    }),
    ...Object.values(differences)
      .slice(0, mostPairs)
      .map((numbers) => ({ title: `${numbers.first} − ${numbers.second}`, numbers })),
  ];
  const rows = numberRows(comparison).flatMap((row) => {
    const found = columns.map(({ numbers }) => row.ofDifference(numbers));
    return found.every((estimate) => estimate === undefined)
      ? []
      : [[titleOf(row), ...found.map((estimate) => cell(estimate, row, true))]];
  });
  return table(
    `Differences on the same rows, with ${levelOf(comparison)} intervals`,
    ['', ...columns.map(({ title }) => escaped(title))],
    rows,
  );
}

/** Groups that a table shows. */
const mostGroups = 12;

/** The groups that lost most, in one table for all students. */
export function groupsTable(caption: string, kind: string, shifts: Readonly<Record<string, GroupShiftResult>>): string {
  const students = Object.keys(shifts);
  const [first] = Object.values(shifts);
  if (first === undefined) return '';
  const loss = (index: number) => Math.min(...students.map((name) => shifts[name]!.groups[index]!.change ?? 0));
  const order = first.groups
    .map((_, index) => index)
    .filter((index) => first.groups[index]!.count > 0)
    .sort((one, other) => loss(one) - loss(other) || one - other);
  const rows = order.slice(0, mostGroups).map((index) => {
    const { group, count: rowsOfGroup, before } = first.groups[index]!;
    const changes = students.map((name) => {
      const { after, change, adjustedPValue } = shifts[name]!.groups[index]!;
      const sure = adjustedPValue !== null && adjustedPValue < 0.05;
      const text = `${signed(100 * (change ?? 0), 1, true)}`;
      return `<span class="${sure ? 'sure' : 'unsure'}">${text}</span> <span class="interval">to ${signed(100 * (after ?? 0), 1)}%</span>`;
    });
    return [escaped(group), count(rowsOfGroup), `${signed(100 * (before ?? 0), 1)}%`, ...changes];
  });
  const left = order.length - rows.length;
  const rest =
    left > 0
      ? `<p class="note">The ${rows.length} that lost most of ${order.length}; the others are in the JSON file.</p>`
      : '';
  const head = [kind, 'rows', 'teacher', ...students.map((name) => `${escaped(name)}, points`)];
  return table(caption, head, rows) + rest;
}

/** `95%`. */
export function levelOf({ intervals }: Comparison): string {
  return `${Number((100 * intervals.confidence).toPrecision(6))}%`;
}

function titleOf({ title, note }: NumberRow): string {
  return `${escaped(title)} <small>${escaped(note)}</small>`;
}

function headOf(name: string, index: number, trials: number): string {
  const several = trials > 1 ? ` <small>mean of ${trials} trials</small>` : '';
  return `<span class="model m${index % 7}">${escaped(name)}</span>${several}`;
}

function cell(estimate: Estimate | undefined, { unit }: NumberRow, difference: boolean): string {
  if (estimate === undefined) return '<span class="none" title="not known">–</span>';
  const { value, interval } = estimateText(estimate, difference && unit === 'percent' ? 'points' : unit, difference);
  const kind = !difference ? 'sure' : excludesZero(estimate) ? 'sure' : 'unsure';
  return `<span class="${kind}">${value}</span> <span class="interval">${interval}</span>`;
}
