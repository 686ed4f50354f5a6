import type { Loss } from '../../loss.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { checkMapPair, fromMapRows, mapDivergence } from '../../ops/mapRows.ts';
import { probabilityGap } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, reductionOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { flag, positive, readOptions, word } from '../../options.ts';
import { type FormOf, sharedRowLoss } from '../../rowLoss.ts';

/** Options of `channelwiseDivergence`. */
export interface ChannelwiseDivergenceOptions<R extends Reduction = Reduction>
  extends Omit<RowOptions<R>, 'ignoreIndex'> {
  /** T: both sides' features are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T², which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
  /** Where the channels are: `[batch, ..., channels]`, the default, or `[batch, channels, ...]`. */
  readonly layout?: FeatureLayout;
}

/**
 * Channel-wise distillation: where in the image each channel is active, as a distribution over the positions. For segmentation
 * and detection, on logits or features.
 *
 * With p and q the softmax over all positions of a channel's map at temperature T, teacher's and student's, the loss of
 * each sample's channel is
 *
 *     T²·KL(p‖q)        gradient in studentFeatures   T·(q − p)
 *
 * the `klDivergence` of rows [batch·channels, positions]; `pixelwiseDivergence` has rows of channels. A position that both sides
 * mask with −Infinity in a channel takes no part.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` of one shape, [batch, ...positions, channels] or, by `layout`, [batch,
 * channels, ...positions]; optional `rowWeights` [batch, channels]. Value: in nats, ≥ 0, a scalar: the mean over samples and
 * channels (or [batch, channels] with `reduction: 'none'`). Only `studentFeatures` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const loss = channelwiseDivergence({ temperature: 4, layout: 'channelsFirst' });
 * const { value } = evaluate(loss, { studentFeatures: [[[[1, 2], [0, 1]]]], teacherFeatures: [[[[2, 0], [1, 1]]]] });
 * @see Shu et al.: Channel-wise knowledge distillation for dense prediction (2021), arXiv 2011.13256
 */
// @__NO_SIDE_EFFECTS__
export function channelwiseDivergence<R extends Reduction = 'mean'>(
  options: ChannelwiseDivergenceOptions<R> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  const checked = readOptions('channelwiseDivergence', options, {
    temperature: positive(1),
    scaleByTemperatureSquared: flag(true),
    layout: word<FeatureLayout>(['channelsLast', 'channelsFirst'], 'channelsLast'),
    ...reductionOptions<R>(),
  });
  const { temperature, scaleByTemperatureSquared, layout, ...reduction } = checked;
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  // The rows are channels: labels, which are of samples or positions, are none of them.
  return sharedRowLoss(
    { ...reduction, ignoreIndex: null },
    {
      name: 'channelwiseDivergence',
      reference: channelwiseDivergence,
      options: { temperature, scaleByTemperatureSquared, layout },
      inputs: ['studentFeatures', 'teacherFeatures'],
      differentiable: ['studentFeatures'],

      check: (backend, inputs) => checkMapPair(backend, 'channelwiseDivergence', inputs, layout, 'positions'),

      rows(backend, inputs) {
        const { divergence, ...pair } = mapDivergence(backend, inputs, temperature, layout, 'positions');
        // The student's features are kept for their shape.
        return { losses: scale(backend, divergence, factor), ...pair, studentFeatures: inputs.studentFeatures };
      },

      gradients(backend, kept, scaled) {
        const { student, teacher, logRatio, near, studentFeatures } = kept as Required<typeof kept>;
        const gap = scale(backend, probabilityGap(backend, teacher, student, logRatio, near), factor / temperature);
        const shape = backend.shapeOf(studentFeatures);
        return [fromMapRows(backend, scaled(gap), shape, layout, 'positions')];
      },
    },
  );
}
