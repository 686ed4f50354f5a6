import type { Loss } from '../../loss.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { checkMapPair, fromMapRows, mapDivergence } from '../../ops/mapRows.ts';
import { probabilityGap } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { flag, positive, readOptions, word } from '../../options.ts';
import { type FormOf, sharedRowLoss } from '../../rowLoss.ts';

/** Options of `pixelwiseDivergence`. */
export interface PixelwiseDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: both sides' features are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T², which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
  /** Where the channels are: `[batch, ..., channels]`, the default, or `[batch, channels, ...]`. */
  readonly layout?: FeatureLayout;
}

/**
 * Pixel-wise distillation: which class each position belongs to. For segmentation.
 *
 * With p and q the softmax over the channels of a position at temperature T, teacher's and student's, the loss of each
 * sample's position is
 *
 *     T²·KL(p‖q)        gradient in studentFeatures   T·(q − p)
 *
 * With channels last it is `klDivergence`; `channelwiseDivergence` has rows of positions. A channel that both sides mask with
 * −Infinity at a position takes no part.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` of one shape, [batch, ...positions, channels] or, by `layout`, [batch,
 * channels, ...positions]; optional `rowWeights` and, with `ignoreIndex`, `labels` [batch, ...positions]. Value: in nats,
 * ≥ 0, a scalar: the mean over the positions that count (or [batch, ...positions] with `reduction: 'none'`). Only
 * `studentFeatures` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const loss = pixelwiseDivergence({ layout: 'channelsFirst' });
 * const { value } = evaluate(loss, { studentFeatures: [[[[1, 2]], [[0, 1]]]], teacherFeatures: [[[[2, 0]], [[1, 1]]]] });
 * @see Liu et al.: Structured knowledge distillation for semantic segmentation (2019), arXiv 1903.04197
 */
// @__NO_SIDE_EFFECTS__
export function pixelwiseDivergence<R extends Reduction = 'mean'>(
  options: PixelwiseDivergenceOptions<R> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  const checked = readOptions('pixelwiseDivergence', options, {
    temperature: positive(1),
    scaleByTemperatureSquared: flag(true),
    layout: word<FeatureLayout>(['channelsLast', 'channelsFirst'], 'channelsLast'),
    ...rowOptions<R>(),
  });
  const { temperature, scaleByTemperatureSquared, layout, ...rows } = checked;
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return sharedRowLoss(rows, {
    name: 'pixelwiseDivergence',
    reference: pixelwiseDivergence,
    options: { temperature, scaleByTemperatureSquared, layout },
    inputs: ['studentFeatures', 'teacherFeatures'],
    differentiable: ['studentFeatures'],

    check: (backend, inputs) => checkMapPair(backend, 'pixelwiseDivergence', inputs, layout, 'channels'),

    rows(backend, inputs) {
      const { divergence, ...pair } = mapDivergence(backend, inputs, temperature, layout, 'channels');
      const [batch = 1, ...rest] = backend.shapeOf(inputs.studentFeatures);
      const positions = layout === 'channelsFirst' ? rest.slice(1) : rest.slice(0, -1);
      const losses = backend.reshape(scale(backend, divergence, factor), [batch, ...positions]);
      // The student's features are kept for their shape.
      return { losses, ...pair, studentFeatures: inputs.studentFeatures };
    },

    gradients(backend, kept, scaled) {
      const { student, teacher, logRatio, near, studentFeatures } = kept as Required<typeof kept>;
      const gap = scale(backend, probabilityGap(backend, teacher, student, logRatio, near), factor / temperature);
      const column = [...backend.shapeOf(gap).slice(0, -1), 1];
      const shape = backend.shapeOf(studentFeatures);
      return [fromMapRows(backend, scaled(gap, column), shape, layout, 'channels')];
    },
  });
}
