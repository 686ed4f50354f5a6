import { type FigureOptions, framed, frameOf, legendBelow } from './frame.ts';
import { nameAxis } from './nameAxis.ts';
import { allFinite, finite, finiteOrNull, listOf, outOfRange, record, sameLength, text, whole } from './refusals.ts';
import type { Figure, Layer, Row } from './specification.ts';
import { colourOf, muted } from './theme.ts';
import { count, counted, listed, percent } from './words.ts';

/** One group of `groupShift`. */
export interface GroupChange {
  /** The group's name; left out, it is its number. */
  readonly group?: string;
  readonly count: number;
  /** Accuracy; null in an empty group. */
  readonly before: number | null;
  readonly beforeInterval: readonly [low: number, high: number] | null;
  readonly after: number | null;
  readonly afterInterval: readonly [low: number, high: number] | null;
}

/** What group gaps show of `groupShift`'s result. */
export interface GroupShift {
  readonly groups: readonly GroupChange[];
  /** The best group's accuracy less the worst one's. */
  readonly gapBefore: number;
  readonly gapAfter: number;
  /** The level of the intervals. Default 0.95. */
  readonly level?: number;
}

/** Options of `groupGaps`. */
export interface GroupGapsOptions extends FigureOptions {
  /** Whose accuracy `before` is. Default `'before'`. */
  readonly before?: string;
  /** Whose accuracy `after` is. Default `'after'`. */
  readonly after?: string;
}

const mostGroups = 40;

/**
 * Accuracy by group before and after a change of models, with both intervals: whom the change cost most, and whether the
 * gap between the best and the worst group grew. Groups stand in the order of the result; of more than 40 those whose
 * accuracy fell most are drawn, and the text says so. An empty group keeps its line without marks.
 *
 * @param result What `groupShift` returned.
 * @throws RangeError for NaN, by its place, and for no group.
 * @example
 * const figure = groupGaps({
 *   groups: [{ group: 'near', count: 40, before: 0.95, beforeInterval: [0.83, 0.99], after: 0.9, afterInterval: [0.77, 0.96] }],
 *   gapBefore: 0, gapAfter: 0,
 * }, { before: 'teacher', after: 'student' });
 */
export function groupGaps(result: GroupShift, options: GroupGapsOptions = {}): Figure {
  const where = 'groupGaps';
  const frame = frameOf(where, options, ['before', 'after']);
  const { before = 'before', after = 'after' } = options;
  text(where, 'before', before);
  if (text(where, 'after', after) === before) throw outOfRange(where, 'after', "another name than before's", after);
  const groups = check(where, result);
  const level = levelText(where, 'level', result.level ?? 0.95);
  const gaps = [finite(where, 'gapBefore', result.gapBefore), finite(where, 'gapAfter', result.gapAfter)] as const;
  const drawn = mostChanged(groups);
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  const names = nameAxis(
    drawn.map(({ name, count: rows }) => ({ name, beside: `(${count(rows)})` })),
    Math.max(90, 0.36 * frame.inside),
  );
  const width = Math.floor(frame.inside - names.width - 12);
  const bounds = drawn.flatMap((group) => [
    group.before,
    group.after,
    ...(group.beforeInterval ?? []),
    ...(group.afterInterval ?? []),
  ]);
  const lowest = Math.min(1, ...bounds.filter((value) => value !== null));
  // Dots, unlike bars, need no zero: from the next tenth below the lowest bound.
  const start = Math.max(0, Math.floor(10 * lowest) / 10);
  const x = {
    field: 'value',
    type: 'quantitative' as const,
    scale: { domain: [start === 1 ? 0 : start, 1], nice: false, zero: false },
    axis: { title: 'accuracy', format: '.0%', tickCount: 5 },
  };
  const y = names.channel;
  const sides = [
    { field: 'before', name: before, shape: 'circle', colour: colourOf(0), yOffset: -5, dash: [1, 0] },
    { field: 'after', name: after, shape: 'square', colour: colourOf(1), yOffset: 5, dash: [4, 2] },
  ] as const;
  const legend = {
    color: { domain: [before, after], range: sides.map(({ colour }) => colour) },
    shape: { domain: [before, after], range: sides.map(({ shape }): string => shape) },
  };
  const layers = sides.flatMap(({ field, name, colour, yOffset, dash }): Layer[] => {
    const values = drawn.flatMap((group, index): Row[] => {
      const [value, interval] = [group[field], group[`${field}Interval`]];
      if (value === null) return [];
      const [low, high] = interval ?? [null, null];
      const told = `${group.name}, ${name}: ${percent(value)} of ${counted(group.count, 'row')}`;
      return [{ index, group: group.name, side: name, value, low, high, rows: group.count, told }];
    });
    return [
      {
        data: { values: values.filter(({ low }) => low !== null) },
        mark: { type: 'rule', stroke: colour, strokeWidth: 1.5, strokeDash: [...dash], yOffset, aria: false },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, opacity: 1, size: 48, yOffset },
        encoding: {
          x,
          y,
          color: {
            field: 'side',
            type: 'nominal',
            scale: legend.color,
            legend: legendBelow([before, after], width, { symbolSize: 60 }),
          },
          shape: {
            field: 'side',
            type: 'nominal',
            scale: legend.shape,
            legend: legendBelow([before, after], width, { symbolSize: 60 }),
          },
          description: { field: 'told', type: 'nominal' },
          tooltip: [
            { field: 'group', type: 'nominal', title: 'group' },
            { field: 'side', type: 'nominal', title: 'model' },
            { field: 'value', type: 'quantitative', title: 'accuracy', format: '.2%' },
            { field: 'low', type: 'quantitative', title: `${level} interval from`, format: '.2%' },
            { field: 'high', type: 'quantitative', title: 'to', format: '.2%' },
            { field: 'rows', type: 'quantitative', title: 'rows', format: ',' },
          ],
        },
      },
    ];
  });
  const empty = groups.filter(({ count: rows }) => rows === 0).length;
  const gap = `Gap between the best and the worst group: ${percent(gaps[0])} ${before}, ${percent(gaps[1])} ${after}.`;
  return framed(frame, {
    title: 'Accuracy by group',
    notes: [
      gap,
      `Lines: ${level} intervals. In brackets: rows, ${count(total)} in all.`,
      empty > 0 ? `Groups without rows: ${count(empty)}.` : '',
      drawn.length < groups.length
        ? `Drawn: the ${drawn.length} of ${count(groups.length)} groups that lost most.`
        : '',
    ],
    description: `Accuracy by group, ${before} and ${after}, for ${listed(groups.map(({ name }) => name))}. ${gap}`,
    views: [
      {
        width,
        height: (names.lines > 2 ? 38 : 30) * drawn.length,
        layer: [
          {
            data: { values: drawn.map((_, index) => ({ index })) },
            mark: { type: 'rule', stroke: muted, strokeOpacity: 0.15, aria: false },
            encoding: { y },
          },
          ...layers,
        ],
      },
    ],
  });
}

/** A level as a percentage: of 0.95 '95%'. */
function levelText(where: string, argument: string, level: number): string {
  if (!(level > 0 && level < 1)) throw outOfRange(where, argument, 'a number strictly between 0 and 1', level);
  return `${Number((100 * level).toFixed(2))}%`;
}

interface NamedGroup extends GroupChange {
  readonly name: string;
}

function check(where: string, result: GroupShift): NamedGroup[] {
  record(where, 'result', result);
  const { groups } = result;
  if (listOf(where, 'groups', groups).length === 0) {
    throw outOfRange(where, 'groups', 'a list of at least one group', groups);
  }
  return groups.map((group, index) => {
    record(where, `groups[${index}]`, group);
    whole(where, `groups[${index}].count`, group.count);
    for (const field of ['before', 'after'] as const) {
      finiteOrNull(where, `groups[${index}].${field}`, group[field]);
      const interval = group[`${field}Interval`];
      if (interval === null || interval === undefined) continue;
      sameLength(where, `groups[${index}].${field}Interval`, interval, '[low, high]', 2);
      allFinite(where, `groups[${index}].${field}Interval`, interval);
    }
    return { ...group, name: group.group ?? String(index) };
  });
}

function mostChanged(groups: readonly NamedGroup[]): readonly NamedGroup[] {
  if (groups.length <= mostGroups) return groups;
  const change = ({ before, after }: NamedGroup): number =>
    before === null || after === null ? Infinity : after - before;
  return [...groups].sort((first, second) => change(first) - change(second)).slice(0, mostGroups);
}
