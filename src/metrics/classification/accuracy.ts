import { checkOptions, checkWhole, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { topKHits } from '../../ops/topKHits.ts';

/** Options of `accuracy`. */
export interface AccuracyOptions {
  /** A row is right when its label is among the k largest scores; the first of equal scores ranks highest. Default 1. */
  readonly topK?: number;
}

/** What `accuracy` returns. */
export interface AccuracyResult {
  /** The share of rows that are right, in [0, 1]. */
  readonly value: number;
  readonly correct: number;
  readonly count: number;
}

/**
 * Top-k accuracy: the share of rows whose label is among the k largest scores.
 *
 * Inputs: `logits` [..., classes] (probabilities rank alike) and `labels` [...]. Streams and merges exactly.
 *
 * @throws RangeError for a label out of range, k above the number of classes, or NaN in the logits.
 * @example
 * const { value } = measure(accuracy({ topK: 5 }), { logits, labels });
 */
// @__NO_SIDE_EFFECTS__
export function accuracy(
  options: AccuracyOptions = {},
): Metric<'logits' | 'labels', 'correct' | 'count' | 'invalid', AccuracyResult> {
  checkOptions('accuracy', options, ['topK']);
  const { topK = 1 } = options;
  checkWhole('accuracy', 'topK', topK, 1);
  return {
    name: 'accuracy',
    reference: accuracy,
    options: { topK },
    inputs: ['logits', 'labels'],
    optionalInputs: [],

    check(backend, { logits, labels }) {
      const rows = checkLogits(backend, 'accuracy', 'logits', logits);
      const classes = backend.shapeOf(logits).at(-1)!;
      if (topK > classes) throw rangeError('accuracy', 'topK', `at most the number of classes, ${classes}`, topK);
      checkLabels(backend, 'accuracy', 'labels', labels, rows, classes);
    },

    statistics(backend, { logits, labels }) {
      const rows = backend.shapeOf(labels).reduce((count, extent) => count * extent, 1);
      return {
        correct: backend.sum(topKHits(backend, logits, labels, topK)),
        count: backend.scalar(rows),
        invalid: countNaN(backend, logits),
      };
    },

    finish({ correct, count, invalid }) {
      if (invalid.data[0]! > 0) throw rangeError('accuracy', 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
      return { value: correct.data[0]! / count.data[0]!, correct: correct.data[0]!, count: count.data[0]! };
    },
  };
}
