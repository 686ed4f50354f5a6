import { rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { readOptions, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import {
  checkDecided,
  checkDecision,
  type DecisionOptions,
  decidedClass,
  decisionOption,
} from '../decisionThreshold.ts';
import { readGroupNames } from '../groupNames.ts';
import { type PredictionSource, predictionOptions, sourceInputs } from '../predictionSource.ts';

/** Options of `groupedAccuracy`. */
export interface GroupedAccuracyOptions<From extends PredictionSource = PredictionSource>
  extends DecisionOptions,
    RowMetricOptions {
  /** The number of groups, or their names. The input `groups` holds numbers of groups, from 0. */
  readonly groups: number | readonly string[];
  /**
   * What a group without rows does to the mean over groups: `'skip'` leaves it out (default), `'zero'` counts it as 0,
   * `'throw'` is an error.
   */
  readonly emptyGroup?: 'skip' | 'zero' | 'throw';
  /** What the predictions come from, by whose name the input goes. Default `'logits'`. */
  readonly from?: From;
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
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], `labels` [...] and `groups` [...],
 * whole numbers in [0, number of groups); optional `rowWeights` [...]. The prediction is the first largest class. Streams
 * and merges exactly.
 *
 * @throws RangeError for a label or group out of range, for NaN, and for an empty group with `emptyGroup: 'throw'`.
 * @example
 * const { macro, groups } = measure(groupedAccuracy({ groups: ['near', 'far'] }), {
 *   logits: [[2, 1], [0, 3]], labels: [0, 0], groups: [0, 1],
 * });
 */
// @__NO_SIDE_EFFECTS__
export function groupedAccuracy<From extends PredictionSource = 'logits'>(
  options: GroupedAccuracyOptions<From>,
): Metric<From | 'labels' | 'groups', 'correct' | 'count', GroupedAccuracyResult, 'rowWeights'> {
  const { from: sources } = predictionOptions<From>();
  const { groups, emptyGroup, from, threshold, ignoreIndex } = readOptions('groupedAccuracy', options, {
    groups: readGroupNames,
    emptyGroup: word(['skip', 'zero', 'throw'], 'skip'),
    from: sources,
    ...decisionOption(),
    ...rowMask(),
  });
  checkDecision('groupedAccuracy', { from, threshold });
  const size = groups.length;

  return rowMetric<From | 'labels' | 'groups', 'correct' | 'count', GroupedAccuracyResult>({
    name: 'groupedAccuracy',
    reference: groupedAccuracy,
    options: { groups, emptyGroup, from, threshold, ignoreIndex },
    // The frame knows no upper bound of groups: rows that are in none are counted as a fault.
    inputs: { ...sourceInputs(from, [from], ['labels' as const]), groups: 'numbers' as const },

    faults: { outside: { argument: 'groups', expected: `whole numbers in [0, ${size})`, counted: 'others' } },

    check: (backend, batch) => checkDecided(backend, 'groupedAccuracy', batch[from], { from, threshold }),

    statistics(backend, batch, rows) {
      const member = backend.oneHot(batch.groups, size);
      const correct = sameIndex(backend, decidedClass(backend, batch[from], { from, threshold }), batch.labels);
      return {
        correct: rows.sum(backend.multiply(member, backend.reshape(correct, [rows.size, 1]))),
        count: rows.sum(member),
        // Row by row, so that a device's float32 has nothing to round.
        outside: backend.sum(backend.subtract(backend.scalar(1), backend.sum(member, { axis: -1 }))),
      };
    },

    state: { correct: countOf([size], 'count'), count: countOf([size]) },

    finish({ correct, count }) {
      const total = requireRows(
        'groupedAccuracy',
        count.data.reduce((sum, value) => sum + value, 0),
      );
      const table = groups.map((group, index) => {
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
        worst: filled.reduce((worst, { value }) => Math.min(worst, value!), 1),
        correct: right,
        count: total,
        emptyGroups: size - filled.length,
        groups: table,
      };
    },
  });
}
