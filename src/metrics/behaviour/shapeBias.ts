import { checkOptions, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { sameIndex } from '../../ops/sameIndex.ts';

/** What `shapeBias` returns. */
export interface ShapeBiasResult {
  /** Shape decisions / (shape + texture decisions), in [0, 1]; null where no decision is one of the two. */
  readonly value: number | null;
  readonly shapeDecisions: number;
  readonly textureDecisions: number;
  /** Rows whose prediction is neither. */
  readonly otherDecisions: number;
  /** Rows whose shape and texture are of one class, which say nothing and do not count. */
  readonly withoutConflict: number;
  /** All rows. */
  readonly count: number;
}

/**
 * Shape bias: of the decisions that follow either an image's shape or its texture, the share that follows the shape.
 *
 * Inputs: `logits` [..., classes], `shapeLabels` [...] and `textureLabels` [...], the two admissible decisions on an image
 * with conflicting cues. Among equal logits the first class is the prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN or a label out of range; TypeError for shapes that differ.
 * @example
 * const { value } = measure(shapeBias(), { logits, shapeLabels, textureLabels });
 * @see Geirhos et al.: ImageNet-trained CNNs are biased towards texture (2019), arXiv 1811.12231
 */
// @__NO_SIDE_EFFECTS__
export function shapeBias(
  options: Readonly<Record<string, never>> = {},
): Metric<
  'logits' | 'shapeLabels' | 'textureLabels',
  'shape' | 'texture' | 'same' | 'count' | 'invalid',
  ShapeBiasResult
> {
  checkOptions('shapeBias', options, []);
  return {
    name: 'shapeBias',
    reference: shapeBias,
    options: {},
    inputs: ['logits', 'shapeLabels', 'textureLabels'],
    optionalInputs: [],

    check(backend, { logits, shapeLabels, textureLabels }) {
      const rows = checkLogits(backend, 'shapeBias', 'logits', logits);
      const classes = backend.shapeOf(logits).at(-1)!;
      checkLabels(backend, 'shapeBias', 'shapeLabels', shapeLabels, rows, classes);
      checkLabels(backend, 'shapeBias', 'textureLabels', textureLabels, rows, classes);
    },

    statistics(backend, { logits, shapeLabels, textureLabels }) {
      const [shape, texture] = [flatten(backend, shapeLabels), flatten(backend, textureLabels)];
      const prediction = backend.argMax(flattenRows(backend, logits));
      const same = sameIndex(backend, shape, texture);
      const conflict = backend.subtract(backend.scalar(1), same);
      const decisions = (labels: typeof shape) =>
        backend.sum(backend.multiply(conflict, sameIndex(backend, prediction, labels)));
      return {
        shape: decisions(shape),
        texture: decisions(texture),
        same: backend.sum(same),
        count: backend.scalar(backend.shapeOf(shape)[0]!),
        invalid: countNaN(backend, logits),
      };
    },

    finish(statistics) {
      const [shape, texture, same, count, invalid] = [
        statistics.shape,
        statistics.texture,
        statistics.same,
        statistics.count,
        statistics.invalid,
      ].map(({ data }) => data[0]!) as [number, number, number, number, number];
      if (invalid > 0) throw rangeError('shapeBias', 'logits', 'free of NaN', `${invalid} NaN`);
      return {
        value: shape + texture === 0 ? null : shape / (shape + texture),
        shapeDecisions: shape,
        textureDecisions: texture,
        otherDecisions: count - same - shape - texture,
        withoutConflict: same,
        count,
      };
    },
  };
}
