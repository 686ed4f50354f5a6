import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { type PredictionSource, predictedClass, predictionOptions, sourceInputs } from '../predictionSource.ts';
import { remainder } from '../remainder.ts';

/** Options of `shapeBias`. */
export interface ShapeBiasOptions<From extends PredictionSource = PredictionSource> extends RowMetricOptions {
  /** What the predictions come from, by whose name the input goes. Default `'logits'`. */
  readonly from?: From;
}

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
 * Inputs: `logits` [..., classes] (or by `from` `probabilities`, or `predictions` [...]), `shapeLabels` [...] and `textureLabels` [...], the two admissible decisions on an image
 * with conflicting cues. Among equal logits the first class is the prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN or a label out of range; TypeError for shapes that differ.
 * @example
 * const { value } = measure(shapeBias(), { logits, shapeLabels, textureLabels });
 * @see Geirhos et al.: ImageNet-trained CNNs are biased towards texture (2019), arXiv 1811.12231
 */
// @__NO_SIDE_EFFECTS__
export function shapeBias<From extends PredictionSource = 'logits'>(
  options: ShapeBiasOptions<From> = {},
): Metric<
  From | 'shapeLabels' | 'textureLabels',
  'shape' | 'texture' | 'same' | 'count',
  ShapeBiasResult,
  'labels' | 'rowWeights'
> {
  const { from: sources } = predictionOptions<From>();
  const { from, ignoreIndex } = readOptions('shapeBias', options, { from: sources, ...rowMask() });
  return rowMetric({
    name: 'shapeBias',
    reference: shapeBias,
    options: { from, ignoreIndex },
    inputs: sourceInputs(from, [from], ['shapeLabels', 'textureLabels']),

    statistics(backend, batch, rows) {
      const { shapeLabels, textureLabels } = batch;
      const prediction = predictedClass(backend, batch[from]);
      const same = sameIndex(backend, shapeLabels, textureLabels);
      const conflict = backend.subtract(backend.scalar(1), same);
      const decisions = (labels: typeof shapeLabels) =>
        rows.sum(backend.multiply(conflict, sameIndex(backend, prediction, labels)));
      return {
        shape: decisions(shapeLabels),
        texture: decisions(textureLabels),
        same: rows.sum(same),
        count: rows.total(),
      };
    },

    state: {
      shape: countOf([], 'count'),
      texture: countOf([], 'count'),
      same: countOf([], 'count'),
      count: countOf(),
    },

    finish(statistics) {
      const [shape, texture, same] = [statistics.shape, statistics.texture, statistics.same].map(
        ({ data }) => data[0]!,
      ) as [number, number, number];
      const count = requireRows('shapeBias', statistics.count.data[0]!);
      return {
        value: shape + texture === 0 ? null : shape / (shape + texture),
        shapeDecisions: shape,
        textureDecisions: texture,
        otherDecisions: remainder(count, same, shape, texture),
        withoutConflict: same,
        count,
      };
    },
  });
}
