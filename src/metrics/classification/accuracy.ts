import { rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { topKHits } from '../../ops/topKHits.ts';
import { readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { type PredictionSource, predictionOptions, sourceInputs } from '../predictionSource.ts';

/** Options of `accuracy`. */
export interface AccuracyOptions<From extends PredictionSource = PredictionSource> extends RowMetricOptions {
  /** A row is right when its label is among the k largest scores; the first of equal scores ranks highest. Default 1. */
  readonly topK?: number;
  /** What is compared with the labels, by whose name the input goes: `'logits'` (default), `'probabilities'`, `'predictions'`. */
  readonly from?: From;
}

/** What `accuracy` returns. */
export interface AccuracyResult {
  /** The share of rows that are right, in [0, 1]. */
  readonly value: number;
  /** Rows that are right: the sum of their weights, where there are any. */
  readonly correct: number;
  /** Rows that count: the sum of their weights, where there are any. */
  readonly count: number;
}

/**
 * Top-k accuracy: the share of rows whose label is among the k largest scores.
 *
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], `labels` [...]; optional
 * `rowWeights` [...]. Streams and merges exactly.
 *
 * @throws RangeError for a label out of range, k above the number of classes, or NaN in the logits.
 * @example
 * const { value } = measure(accuracy({ topK: 5 }), { logits, labels });
 */
// @__NO_SIDE_EFFECTS__
export function accuracy<From extends PredictionSource = 'logits'>(
  options: AccuracyOptions<From> = {},
): Metric<From | 'labels', 'correct' | 'count', AccuracyResult, 'rowWeights'> {
  const { from: sources } = predictionOptions<From>();
  const { topK, from, ignoreIndex } = readOptions('accuracy', options, {
    topK: whole(1, 1),
    from: sources,
    ...rowMask(),
  });
  if (from === 'predictions' && topK !== 1) throw rangeError('accuracy', 'topK', "1 where from is 'predictions'", topK);
  return rowMetric({
    name: 'accuracy',
    reference: accuracy,
    options: { topK, from, ignoreIndex },
    inputs: sourceInputs(from, [from], ['labels']),

    check(backend, batch) {
      const classes = backend.shapeOf(batch[from]).at(-1) ?? 1;
      if (from !== 'predictions' && topK > classes) {
        throw rangeError('accuracy', 'topK', `at most the number of classes, ${classes}`, topK);
      }
    },

    statistics(backend, batch, rows) {
      const { labels } = batch;
      const given = batch[from];
      const hits = from === 'predictions' ? sameIndex(backend, given, labels) : topKHits(backend, given, labels, topK);
      return { correct: rows.sum(hits), count: rows.total() };
    },

    state: { correct: countOf([], 'count'), count: countOf() },

    finish(statistics) {
      const count = requireRows('accuracy', statistics.count.data[0]!);
      const correct = statistics.correct.data[0]!;
      return { value: correct / count, correct, count };
    },
  });
}
