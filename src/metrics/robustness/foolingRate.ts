import { checkSameShape, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { differentIndex } from '../../ops/sameIndex.ts';

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
 * Inputs: `cleanLogits` and `adversarialLogits` [..., classes], row by row of the same image (probabilities rank alike).
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
export function foolingRate(): Metric<
  'cleanLogits' | 'adversarialLogits',
  'fooled' | 'count' | 'invalid',
  FoolingRateResult
> {
  return {
    name: 'foolingRate',
    reference: foolingRate,
    options: {},
    inputs: ['cleanLogits', 'adversarialLogits'],
    optionalInputs: [],

    check(backend, { cleanLogits, adversarialLogits }) {
      checkLogits(backend, 'foolingRate', 'cleanLogits', cleanLogits);
      const shape = backend.shapeOf(cleanLogits);
      checkSameShape('foolingRate', 'adversarialLogits', backend.shapeOf(adversarialLogits), 'cleanLogits', shape);
    },

    statistics(backend, { cleanLogits, adversarialLogits }) {
      const fooled = differentIndex(backend, backend.argMax(cleanLogits), backend.argMax(adversarialLogits));
      return {
        fooled: backend.sum(fooled),
        count: backend.scalar(backend.shapeOf(fooled).reduce((count, extent) => count * extent, 1)),
        invalid: backend.add(countNaN(backend, cleanLogits), countNaN(backend, adversarialLogits)),
      };
    },

    finish({ fooled, count, invalid }) {
      if (invalid.data[0]! > 0) throw rangeError('foolingRate', 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
      return { value: fooled.data[0]! / count.data[0]!, fooled: fooled.data[0]!, count: count.data[0]! };
    },
  };
}
