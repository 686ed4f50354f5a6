import { rangeError } from '../../check.ts';
import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { normalCritical } from '../../ops/normalTail.ts';
import { between, mostResamples, optional, readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import { checkDecision, type DecisionOptions, decisionOption } from '../decisionThreshold.ts';
import { readGroupNames } from '../groupNames.ts';
import { holmAdjusted } from '../inference/holm.ts';
import { mcNemar } from '../inference/mcNemar.ts';
import { wilsonInterval } from '../inference/wilson.ts';
import type { PredictionSource } from '../predictionSource.ts';
import {
  type BeforeAfterInput,
  type BeforeAfterOptions,
  beforeAfterColumns,
  beforeAfterInputs,
  beforeAfterSource,
  checkBothDecided,
  pairedChange,
} from './beforeAfter.ts';
import {
  addTables,
  beneficial,
  bootstrapGapChange,
  cells,
  type GapChange,
  gapsOf,
  harmful,
  right,
  wrong,
} from './groupTable.ts';

/** Options of `groupShift`. */
export interface GroupShiftOptions<From extends PredictionSource = PredictionSource>
  extends BeforeAfterOptions<From>,
    DecisionOptions,
    RowMetricOptions {
  /** The number of groups, or their names. Left out, the largest number of a group says how many there are. */
  readonly groups?: number | readonly string[];
  /** The level of the intervals. Default 0.95. */
  readonly level?: number;
  /** Resamples of the bootstrap of the change of the gap; 0 leaves it out. Default 1000. */
  readonly resamples?: number;
  /** Same seed, same resamples. Default 0. */
  readonly seed?: number;
}

/** One group of `groupShift`. */
export interface GroupShiftGroup {
  /** The group's name, or its number. */
  readonly group: string;
  readonly count: number;
  /** Accuracy; null in a group without rows, as all that follows from it. */
  readonly before: number | null;
  /** Wilson's. */
  readonly beforeInterval: readonly [low: number, high: number] | null;
  readonly after: number | null;
  readonly afterInterval: readonly [low: number, high: number] | null;
  /** Rows that became wrong. */
  readonly harmful: number;
  /** Rows that became right. */
  readonly beneficial: number;
  /** after − before. */
  readonly change: number | null;
  /** Paired. */
  readonly changeStandardError: number | null;
  /** McNemar's exact test of the group, two-sided. */
  readonly pValue: number | null;
  /** The same adjusted for the number of groups, by Holm. */
  readonly adjustedPValue: number | null;
}

/** What `groupShift` returns. */
export interface GroupShiftResult extends GapChange {
  /** The change of the gap. */
  readonly value: number;
  readonly groups: readonly GroupShiftGroup[];
  /** The best group's accuracy less the worst one's, of groups that have rows. */
  readonly gapBefore: number;
  readonly gapAfter: number;
  readonly worstBefore: number;
  readonly worstAfter: number;
  /** gapAfter − gapBefore: above 0 where the change cost the weak groups more. */
  readonly gapChange: number;
  /** The level of all intervals. */
  readonly level: number;
  /** The number of groups without rows. */
  readonly emptyGroups: number;
  readonly count: number;
}

/** Above it, a number of a group that nobody announced is likely an identifier. */
const mostFoundGroups = 65_536;

/**
 * Who pays for a change of models: accuracy before and after by group, each with its interval, the paired change with its
 * test, and whether the gap between the best and the worst group grew.
 *
 * Inputs: `before`, `after` and `labels` [...], class numbers, or by `from` `beforeLogits` and `afterLogits` (or
 * `beforeProbabilities` …) [..., classes], and `groups` [...], whole numbers from 0; optional `rowWeights` [...]. With the
 * labels as `groups` it tells the change by class. A group without rows is listed and counted, and enters no gap.
 *
 * The bootstrap draws rows with replacement, both models alike, so that what is hard for both cancels: since only a row's
 * group and its two answers matter, whole tables are drawn, as they would come from single rows, and the state holds four
 * counts a group. It is made in each `compute`, in time that grows with resamples × groups × √rows at most. A gap is a
 * difference of extremes, which small groups push up on both sides: read it beside the groups' intervals.
 *
 * @throws RangeError for a label or group out of range, NaN, options out of range, or no row that counts.
 * @example
 * const { groups, gapChange, gapChangeInterval } = measure(groupShift({ groups: ['near', 'far'] }), {
 *   before: [0, 1, 1, 2], after: [0, 1, 2, 2], labels: [0, 1, 1, 1], groups: [0, 0, 1, 1],
 * });
 * @see Hooker et al.: Characterising bias in compressed models (2020), arXiv 2010.03058
 */
// @__NO_SIDE_EFFECTS__
export function groupShift<From extends PredictionSource = 'predictions'>(
  options: GroupShiftOptions<From> = {},
): Metric<BeforeAfterInput<From> | 'labels' | 'groups', string, GroupShiftResult, 'rowWeights'> {
  const { groups, level, resamples, seed, from, threshold, ignoreIndex } = readOptions('groupShift', options, {
    groups: optional(readGroupNames),
    level: between(0, 1, 0.95),
    resamples: whole(0, 1000, mostResamples),
    seed: whole(0, 0),
    from: beforeAfterSource<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  const decision = { from, threshold };
  checkDecision('groupShift', decision);
  const z = normalCritical(level);
  const metric = columnMetric<string, 'before' | 'after' | 'labels' | 'groups', 'table', GroupShiftResult>({
    name: 'groupShift',
    reference: groupShift,
    options: { groups, level, resamples, seed, from, threshold, ignoreIndex },
    inputs: { ...beforeAfterInputs(from), groups: 'numbers' },
    check: (backend, batch) => checkBothDecided(backend, 'groupShift', decision, batch),

    columns: (backend, batch) => ({ ...beforeAfterColumns(backend, decision, batch), groups: batch.groups! }),

    condense({ before, after, labels, groups: members }, weights) {
      const size = groups?.length ?? groupCount(members);
      const table = new Float64Array(size * cells);
      for (let row = 0; row < labels.length; row++) {
        const group = members[row]!;
        if (!(Number.isInteger(group) && group >= 0 && group < size)) {
          throw rangeError('groupShift', 'groups', `whole numbers in [0, ${size})`, group);
        }
        const label = labels[row]!;
        const cell = (before[row] === label ? 0 : beneficial) + (after[row] === label ? 0 : harmful);
        table[group * cells + cell]! += weights === undefined ? 1 : weights[row]!;
      }
      return { table: { data: table, shape: [size, cells] } };
    },

    state: { table: countOf([groups?.length ?? null, cells]) },
    merge: addTables,

    finish({ table: { data: table } }) {
      const size = table.length / cells;
      const count = requireRows(
        'groupShift',
        table.reduce((sum, value) => sum + value, 0),
      );
      const rows = Array.from({ length: size }, (_, at) =>
        groupOf(groups?.[at] ?? String(at), table.subarray(at * cells, (at + 1) * cells), z),
      );
      const adjusted = holmAdjusted(rows.map(({ pValue }) => pValue));
      const gaps = gapsOf(table);
      return {
        value: gaps.after - gaps.before,
        groups: rows.map((row, at) => ({ ...row, adjustedPValue: adjusted[at]! })),
        gapBefore: gaps.before,
        gapAfter: gaps.after,
        worstBefore: gaps.worstBefore,
        worstAfter: gaps.worstAfter,
        gapChange: gaps.after - gaps.before,
        ...bootstrapGapChange(table, { resamples, seed, level }),
        level,
        emptyGroups: rows.filter((row) => row.count === 0).length,
        count,
      };
    },
  });
  return metric as never;
}

/** Names of groups: those given, or the numbers below how many there are; undefined where the rows are to say. */

function groupCount(groups: Float64Array): number {
  const largest = groups.reduce((most, group) => Math.max(most, group), 0);
  if (largest >= mostFoundGroups) {
    const hint = 'The option groups says how many there are.';
    throw rangeError('groupShift', 'groups', `whole numbers below ${mostFoundGroups}`, largest, hint);
  }
  return Math.floor(largest) + 1;
}

function groupOf(group: string, table: Float64Array, z: number): Omit<GroupShiftGroup, 'adjustedPValue'> {
  const [b, c] = [table[harmful]!, table[beneficial]!];
  const count = table[right]! + b + c + table[wrong]!;
  const [before, after] = [table[right]! + b, table[right]! + c];
  const paired = count === 0 ? null : pairedChange(b, c, count);
  return {
    group,
    count,
    before: count === 0 ? null : before / count,
    beforeInterval: wilsonInterval(before, count, z),
    after: count === 0 ? null : after / count,
    afterInterval: wilsonInterval(after, count, z),
    harmful: b,
    beneficial: c,
    change: paired?.change ?? null,
    changeStandardError: paired?.error ?? null,
    pValue: count === 0 ? null : mcNemar(b, c).exact,
  };
}
