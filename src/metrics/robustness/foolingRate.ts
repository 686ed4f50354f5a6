import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { differentIndex } from '../../ops/sameIndex.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import {
  type PredictionSource,
  predictedClass,
  predictionOptions,
  type SideInput,
  sideInput,
  sourceInputs,
} from '../predictionSource.ts';

/** Options of `foolingRate`. */
export interface FoolingRateOptions<From extends PredictionSource = PredictionSource> extends RowMetricOptions {
  /** What the predictions come from, by whose name the inputs go. Default `'logits'`. */
  readonly from?: From;
}

/** What `foolingRate` returns. */
export interface FoolingRateResult {
  /** The share of images that fooled the model, in [0, 1]. */
  readonly value: number;
  /** Images whose prediction the attack changed. */
  readonly fooled: number;
  /** Images attacked. */
  readonly count: number;
}

/**
 * The share of images whose prediction an attack changes: argmax f(I_adv) ≠ argmax f(I). The clean prediction is the
 * standard, not the label: an image that the model had wrong all along and still has wrong in the same way is not fooled.
 *
 * Inputs: `cleanLogits` and `adversarialLogits` [..., classes] (or by `from` `cleanProbabilities` …, `cleanPredictions` and
 * `adversarialPredictions` [...]), row by row of the same image; optional `rowWeights` [...].
 * Of equal logits the first is the prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN in the logits.
 * @example
 * const { value, fooled, count } = measure(foolingRate(), {
 *   cleanLogits: [[2, 1], [0, 3]],
 *   adversarialLogits: [[1, 2], [0, 1]],
 * }); // 0.5, 1 of 2
 * @see Ojha, Li, Sundara Rajan, Liang, Lee: What knowledge gets distilled in knowledge distillation? (2023), section 4.2
 */
// @__NO_SIDE_EFFECTS__
export function foolingRate<From extends PredictionSource = 'logits'>(
  options: FoolingRateOptions<From> = {},
): Metric<SideInput<'clean' | 'adversarial', From>, 'fooled' | 'count', FoolingRateResult, 'labels' | 'rowWeights'> {
  const { from: sources } = predictionOptions<From>();
  const { from, ignoreIndex } = readOptions('foolingRate', options, { from: sources, ...rowMask() });
  const [clean, adversarial] = [sideInput('clean', from), sideInput('adversarial', from)];
  return rowMetric<SideInput<'clean' | 'adversarial', From>, 'fooled' | 'count', FoolingRateResult>({
    name: 'foolingRate',
    reference: foolingRate,
    options: { from, ignoreIndex },
    inputs: sourceInputs(from, [clean, adversarial]),

    statistics(backend, batch, rows) {
      const [before, after] = [predictedClass(backend, batch[clean]), predictedClass(backend, batch[adversarial])];
      return { fooled: rows.sum(differentIndex(backend, before, after)), count: rows.total() };
    },

    state: { fooled: countOf([], 'count'), count: countOf() },

    finish({ fooled, count }) {
      const rows = requireRows('foolingRate', count.data[0]!);
      return { value: fooled.data[0]! / rows, fooled: fooled.data[0]!, count: rows };
    },
  });
}
