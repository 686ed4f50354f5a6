import { checkOneOf, checkOptions, checkSameShape, checkWhole, kindError, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { sameIndex } from '../../ops/sameIndex.ts';

/** Options of `groupedAccuracy`. */
export interface GroupedAccuracyOptions {
  /** The number of groups, or their names. The input `groups` holds numbers of groups, from 0. */
  readonly groups: number | readonly string[];
  /**
   * What a group without rows does to the mean over groups: `'skip'` leaves it out (default), `'zero'` counts it as 0,
   * `'throw'` is an error.
   */
  readonly emptyGroup?: 'skip' | 'zero' | 'throw';
}

/** One group of `groupedAccuracy`. */
export interface GroupAccuracy {
  readonly group: string;
  readonly correct: number;
  readonly count: number;
  /** Share of the group's rows that are right; null for a group without rows. */
  readonly value: number | null;
}

/** What `groupedAccuracy` returns. */
export interface GroupedAccuracyResult {
  /** The macro accuracy: the mean of the groups' accuracies, in [0, 1]. */
  readonly value: number;
  readonly macro: number;
  /** The share of all rows that are right, in [0, 1]. */
  readonly micro: number;
  /** The accuracy of the worst group that has rows. */
  readonly worst: number;
  readonly correct: number;
  readonly count: number;
  /** The number of groups without rows. */
  readonly emptyGroups: number;
  readonly groups: readonly GroupAccuracy[];
}

/**
 * Accuracy by group (distance, number of attractors, race …): micro over rows and macro over groups.
 *
 *     macro = (1/G)·Σ_g correct_g/count_g
 *
 * Inputs: `logits` [..., classes], `labels` [...] and `groups` [...], whole numbers in [0, number of groups). The
 * prediction is the first largest class. Streams and merges exactly.
 *
 * @throws RangeError for a label or group out of range, for NaN, and for an empty group with `emptyGroup: 'throw'`.
 * @example
 * const { macro, groups } = measure(groupedAccuracy({ groups: ['near', 'far'] }), {
 *   logits: [[2, 1], [0, 3]], labels: [0, 0], groups: [0, 1],
 * });
 */
// @__NO_SIDE_EFFECTS__
export function groupedAccuracy(
  options: GroupedAccuracyOptions,
): Metric<'logits' | 'labels' | 'groups', 'correct' | 'count' | 'rows' | 'invalid', GroupedAccuracyResult> {
  checkOptions('groupedAccuracy', options, ['groups', 'emptyGroup']);
  const { groups, emptyGroup = 'skip' } = options;
  if (typeof groups !== 'number' && !Array.isArray(groups)) {
    throw kindError('groupedAccuracy', 'groups', 'a number of groups or a list of names', groups);
  }
  const size = typeof groups === 'number' ? groups : groups.length;
  checkWhole('groupedAccuracy', 'number of groups', size, 1);
  const names = typeof groups === 'number' ? Array.from({ length: size }, (_, index) => String(index)) : [...groups];
  checkOneOf('groupedAccuracy', 'emptyGroup', emptyGroup, ['skip', 'zero', 'throw']);

  return {
    name: 'groupedAccuracy',
    reference: groupedAccuracy,
    options: { groups: names, emptyGroup },
    inputs: ['logits', 'labels', 'groups'],
    optionalInputs: [],

    check(backend, { logits, labels, groups: groupNumbers }) {
      const rows = checkLogits(backend, 'groupedAccuracy', 'logits', logits);
      checkLabels(backend, 'groupedAccuracy', 'labels', labels, rows, backend.shapeOf(logits).at(-1)!);
      checkSameShape('groupedAccuracy', 'groups', backend.shapeOf(groupNumbers), 'the rows', rows);
    },

    statistics(backend, { logits, labels, groups: groupNumbers }) {
      const label = flatten(backend, labels);
      const member = backend.oneHot(flatten(backend, groupNumbers), size);
      const correct = sameIndex(backend, backend.argMax(flattenRows(backend, logits)), label);
      const rows = backend.shapeOf(label)[0]!;
      return {
        correct: backend.sum(backend.multiply(member, backend.reshape(correct, [rows, 1])), { axis: 0 }),
        count: backend.sum(member, { axis: 0 }),
        rows: backend.scalar(rows),
        invalid: countNaN(backend, logits),
      };
    },

    finish({ correct, count, rows, invalid }) {
      if (invalid.data[0]! > 0) throw rangeError('groupedAccuracy', 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
      const total = count.data.reduce((sum, value) => sum + value, 0);
      if (total !== rows.data[0]) {
        const outside = `${rows.data[0]! - total} other rows`;
        throw rangeError('groupedAccuracy', 'groups', `whole numbers in [0, ${size})`, outside);
      }
      const table = names.map((group, index) => {
        const [right, all] = [correct.data[index]!, count.data[index]!];
        return { group, correct: right, count: all, value: all === 0 ? null : right / all };
      });
      const filled = table.filter(({ count: all }) => all > 0);
      if (emptyGroup === 'throw' && filled.length < size) {
        const empty = table.filter(({ count: all }) => all === 0).map(({ group }) => group);
        throw rangeError('groupedAccuracy', 'groups', 'all with at least one row', empty);
      }
      const sum = filled.reduce((partial, { value }) => partial + value!, 0);
      const macro = sum / (emptyGroup === 'zero' ? size : filled.length);
      const right = correct.data.reduce((partial, value) => partial + value, 0);
      return {
        value: macro,
        macro,
        micro: right / total,
        worst: Math.min(...filled.map(({ value }) => value!)),
        correct: right,
        count: total,
        emptyGroups: size - filled.length,
        groups: table,
      };
    },
  };
}
