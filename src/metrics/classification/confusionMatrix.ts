import type { Metric } from '../../metric.ts';
import type { HostStatistics } from '../../metricState.ts';
import { readOptions } from '../../options.ts';
import { requireRows, rowMask } from '../../rowMetric.ts';
import { decisionOption } from '../decisionThreshold.ts';
import { type PredictionSource, predictionOptions } from '../predictionSource.ts';
import { type ConfusionOptions, confusionCounts } from './confusionCounts.ts';

/** Options of `confusionMatrix`. */
export interface ConfusionMatrixOptions<From extends PredictionSource = PredictionSource>
  extends ConfusionOptions<From> {}

/** One class of a confusion matrix. */
export interface ConfusionClass {
  /** Labels of the class. */
  readonly labels: number;
  /** Predictions of the class. */
  readonly predictions: number;
  readonly correct: number;
  /** correct/labels; null without labels. */
  readonly recall: number | null;
  /** correct/predictions; null where it is never predicted. */
  readonly precision: number | null;
}

/** What `confusionMatrix` returns. */
export interface ConfusionMatrixResult {
  /** The accuracy: the share of rows on the diagonal. */
  readonly value: number;
  /** Rows by label and prediction: `matrix[label][prediction]`. */
  readonly matrix: readonly (readonly number[])[];
  /** The same, each line over its sum: how a class is predicted. A line without labels is null. */
  readonly shares: readonly (readonly number[] | null)[];
  readonly classes: readonly ConfusionClass[];
  /** The pairs of different classes that are taken for one another, the most frequent first, at most ten. */
  readonly confusions: readonly { readonly label: number; readonly prediction: number; readonly count: number }[];
  readonly count: number;
}

const mostConfusions = 10;

/**
 * Confusion matrix: how often each class is taken for each other.
 *
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], and `labels` [...]; optional
 * `rowWeights` [...]. Of equal scores the first class is the prediction. From predictions the option `classes` says how many
 * there are; left out, the largest number does. Student against teacher: the teacher's predictions as `labels`. Streams and
 * merges exactly: classes² counts, at most 4096 classes.
 *
 * @throws RangeError for NaN, a label or prediction out of range, more than 4096 classes, or no row that counts.
 * @example
 * const { matrix, confusions } = measure(confusionMatrix({ from: 'predictions' }), {
 *   predictions: [0, 1, 1, 2], labels: [0, 1, 2, 2],
 * });
 */
// @__NO_SIDE_EFFECTS__
export function confusionMatrix<From extends PredictionSource = 'logits'>(
  options: ConfusionMatrixOptions<From> = {},
): Metric<From | 'labels', string, ConfusionMatrixResult, 'rowWeights'> {
  const where = 'confusionMatrix';
  const checked = readOptions(where, options, { ...predictionOptions<From>(), ...decisionOption(), ...rowMask() });
  const metric = confusionCounts<ConfusionMatrixResult>({
    name: where,
    reference: confusionMatrix,
    options: checked,
    finish: ({ matrix }) => resultOf(where, matrix),
  });
  return metric as never;
}

function resultOf(
  where: string,
  { data, shape: [size = 0] }: HostStatistics<'matrix'>['matrix'],
): ConfusionMatrixResult {
  const matrix = Array.from({ length: size }, (_, label) =>
    Array.from(data.subarray(label * size, (label + 1) * size)),
  );
  const classes = matrix.map((line, at): ConfusionClass => {
    const labels = line.reduce((sum, value) => sum + value, 0);
    const predictions = matrix.reduce((sum, other) => sum + other[at]!, 0);
    const correct = line[at]!;
    return {
      labels,
      predictions,
      correct,
      recall: labels === 0 ? null : correct / labels,
      precision: predictions === 0 ? null : correct / predictions,
    };
  });
  const count = requireRows(
    where,
    classes.reduce((sum, { labels }) => sum + labels, 0),
  );
  const confusions = matrix.flatMap((line, label) =>
    line.flatMap((value, prediction) =>
      value > 0 && label !== prediction ? [{ label, prediction, count: value }] : [],
    ),
  );
  return {
    value: classes.reduce((sum, { correct }) => sum + correct, 0) / count,
    matrix,
    shares: matrix.map((line, at) => {
      const { labels } = classes[at]!;
      return labels === 0 ? null : line.map((value) => value / labels);
    }),
    classes,
    confusions: confusions.sort((first, second) => second.count - first.count).slice(0, mostConfusions),
    count,
  };
}
