import { rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics, type StateForm } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { topKHits } from '../../ops/topKHits.ts';
import { readOptions, whole, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import {
  checkDecided,
  checkDecision,
  type DecisionOptions,
  decidedClass,
  decisionOption,
} from '../decisionThreshold.ts';
import {
  addByClass,
  classExtent,
  numberOfClasses,
  type PredictionOptions,
  type PredictionSource,
  predictionOptions,
  sourceInputs,
} from '../predictionSource.ts';

/** Options of `accuracy`. */
export interface AccuracyOptions<From extends PredictionSource = PredictionSource>
  extends PredictionOptions<From>,
    DecisionOptions,
    RowMetricOptions {
  /** A row is right when its label is among the k largest scores; the first of equal scores ranks highest. Default 1. */
  readonly topK?: number;
  /**
   * `'micro'`: over all rows, the default. `'macro'`: the mean over the classes that have labels (balanced accuracy), so that
   * a rare class counts as much as a frequent one.
   */
  readonly average?: 'micro' | 'macro';
}

/** The rows of one label. */
export interface ClassAccuracy {
  readonly correct: number;
  readonly count: number;
  /** The share of the class's rows that are right; null for a class without labels. */
  readonly value: number | null;
}

/** What `accuracy` returns. */
export interface AccuracyResult {
  /** The share of rows that are right, in [0, 1]; macro: the mean of the classes' shares. */
  readonly value: number;
  /** Rows that are right: the sum of their weights, where there are any. */
  readonly correct: number;
  /** Rows that count: the sum of their weights, where there are any. */
  readonly count: number;
  /** With `average: 'macro'`: the rows of each label. */
  readonly perClass?: readonly ClassAccuracy[];
}

type AccuracyStatistic = 'correct' | 'count';

/**
 * Top-k accuracy: the share of rows whose label is among the k largest scores.
 *
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], `labels` [...]; optional
 * `rowWeights` [...]. Streams and merges exactly.
 *
 * @throws RangeError for a label out of range, k above the number of classes, a threshold of other than two classes, or NaN
 * in the logits.
 * @example
 * const { value } = measure(accuracy({ topK: 5 }), { logits, labels });
 * const balanced = measure(accuracy({ average: 'macro' }), { logits, labels });
 */
// @__NO_SIDE_EFFECTS__
export function accuracy<From extends PredictionSource = 'logits'>(
  options: AccuracyOptions<From> = {},
): Metric<From | 'labels', AccuracyStatistic, AccuracyResult, 'rowWeights'> {
  const { topK, average, from, classes, threshold, ignoreIndex } = readOptions('accuracy', options, {
    topK: whole(1, 1),
    average: word(['micro', 'macro'], 'micro'),
    ...predictionOptions<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  if (from === 'predictions' && topK !== 1) throw rangeError('accuracy', 'topK', "1 where from is 'predictions'", topK);
  if (threshold !== undefined && topK !== 1) throw rangeError('accuracy', 'topK', '1 where threshold is set', topK);
  checkDecision('accuracy', { from, threshold });
  const byClass = average === 'macro';
  const extent = classExtent(from, classes);
  const state: StateForm<AccuracyStatistic> = byClass
    ? { correct: countOf(extent, 'count'), count: countOf(extent) }
    : { correct: countOf([], 'count'), count: countOf() };

  return rowMetric<From | 'labels', AccuracyStatistic, AccuracyResult>({
    name: 'accuracy',
    reference: accuracy,
    options: { topK, average, from, classes, threshold, ignoreIndex },
    inputs: sourceInputs(from, [from], ['labels' as const]),

    check(backend, batch) {
      const width = backend.shapeOf(batch[from]).at(-1) ?? 1;
      if (from !== 'predictions' && topK > width) {
        throw rangeError('accuracy', 'topK', `at most the number of classes, ${width}`, topK);
      }
      checkDecided(backend, 'accuracy', batch[from], { from, threshold });
    },

    statistics(backend, batch, rows) {
      const { labels } = batch;
      const given = batch[from];
      const hits =
        from === 'predictions' || threshold !== undefined
          ? sameIndex(backend, decidedClass(backend, given, { from, threshold }), labels)
          : topKHits(backend, given, labels, topK);
      if (!byClass) return { correct: rows.sum(hits), count: rows.total() };
      const label = backend.oneHot(labels, numberOfClasses(backend, 'accuracy', classes, given, [labels]));
      return {
        correct: rows.sum(backend.multiply(label, backend.reshape(hits, [rows.size, 1]))),
        count: rows.sum(label),
      };
    },

    state,
    ...(byClass && from === 'predictions' && classes === undefined && { merge: addByClass<AccuracyStatistic> }),
    finish: (statistics) => resultOf(statistics, byClass),
  });
}

function resultOf(statistics: HostStatistics<AccuracyStatistic>, byClass: boolean): AccuracyResult {
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const count = requireRows('accuracy', sum(statistics.count.data));
  const correct = sum(statistics.correct.data);
  if (!byClass) return { value: correct / count, correct, count };
  const perClass = Array.from(statistics.count.data, (all, index): ClassAccuracy => {
    const right = statistics.correct.data[index]!;
    return { correct: right, count: all, value: all === 0 ? null : right / all };
  });
  const shares = perClass.flatMap(({ value }) => (value === null ? [] : [value]));
  return { value: shares.reduce((total, share) => total + share, 0) / shares.length, correct, count, perClass };
}
