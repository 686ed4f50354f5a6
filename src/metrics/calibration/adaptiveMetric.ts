/** Adaptive calibration errors as metrics: the probabilities of every class in rising order, from a stream. */
import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { type AdaptiveClass, adaptiveClass } from './adaptiveBins.ts';
import {
  type DigestStatistic,
  digested,
  digestFrom,
  digestState,
  mergeDigests,
  resolutionOf,
} from './confidenceDigest.ts';
import type { CheckedRows } from './confidenceRows.ts';
import { checkOneScore, scoreInputs } from './scoreInputs.ts';

/** Optional inputs of adaptive errors, of which one of the scores is needed. */
export type AdaptiveOptionalInput = 'probabilities' | 'logits' | 'rowWeights';

/** What adaptive errors are made of. */
export interface AdaptiveClasses {
  readonly perClass: readonly AdaptiveClass[];
  readonly resolution: number;
}

/** The metric, over probabilities of at least `threshold`. */
export function adaptiveMetric<Result>(
  where: string,
  reference: object,
  options: Readonly<Record<string, unknown>> & { readonly bins: number; readonly ignoreIndex: number | null },
  threshold: number,
  finish: (classes: AdaptiveClasses) => Result,
): Metric<'labels', string, Result, AdaptiveOptionalInput> {
  const { bins } = options;
  const metric = columnMetric<string, 'probability' | 'label' | 'classes', DigestStatistic, Result, string>({
    name: where,
    reference,
    options,
    inputs: { labels: 'labels' },
    optionalInputs: scoreInputs,
    check: (_, { probabilities, logits }) => checkOneScore(where, probabilities, logits),

    columns(backend, { labels, probabilities, logits }) {
      const probability = probabilities ?? backend.exp(logSoftmax(backend, logits!));
      const classes = backend.scalar(backend.shapeOf(probability)[1]!);
      return { probability, label: labels!, classes };
    },

    condense: ({ probability, label, classes }, weights) =>
      digested(
        Array.from({ length: classes[0]! }, (_, index) => entriesOf(index, { probability, label, weights }, threshold)),
      ),
    state: digestState,
    merge: mergeDigests,

    finish(statistics) {
      const digest = digestFrom(statistics);
      return finish({
        perClass: digest.columns.map((groups) => adaptiveClass(groups, bins)),
        resolution: resolutionOf(digest),
      });
    },
  });
  return metric as never;
}

/** The probabilities of one class, each with whether the class is the row's label. */
function entriesOf(
  index: number,
  {
    probability,
    label,
    weights,
  }: { readonly probability: Float64Array; readonly label: Float64Array; readonly weights: Float64Array | undefined },
  threshold: number,
): CheckedRows {
  const rows = label.length;
  const classes = probability.length / rows;
  const [confidences, correct] = [new Float64Array(rows), new Float64Array(rows)];
  const kept = new Float64Array(weights === undefined ? 0 : rows);
  let size = 0;
  for (let row = 0; row < rows; row++) {
    const value = probability[row * classes + index]!;
    // NaN is counted elsewhere.
    if (!(value >= threshold)) continue;
    confidences[size] = Math.min(1, Math.max(0, value));
    correct[size] = label[row] === index ? 1 : 0;
    if (weights !== undefined) kept[size] = weights[row]!;
    size++;
  }
  const filled = (values: Float64Array) => values.subarray(0, size);
  return { confidences: filled(confidences), correct: filled(correct), weights: weights && filled(kept) };
}
