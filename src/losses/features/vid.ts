import { checkSameShape } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { channelRuns, checkMaps } from '../../ops/channelMaps.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { sigmoid } from '../../ops/sigmoid.ts';
import { softplus } from '../../ops/softplus.ts';
import { positive, readOptions, word } from '../../options.ts';
import { type FormOf, sharedRowLoss } from '../../rowLoss.ts';

/** Options of `vid`. */
export interface VidOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** Where the channels are: `[batch, ...positions, channels]`, the default, or `[batch, channels, ...positions]`. */
  readonly layout?: FeatureLayout;
  /** ε, the least variance. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * Variational information distillation: the teacher's features as a normal distribution around the student's, with a
 * variance for each channel that is trained too.
 *
 * With d = studentFeatures − teacherFeatures, σ² = softplus(variance) + ε for each channel, over n numbers a sample
 *
 *     ½·Σ (d²/σ² + log σ²)/n
 *     gradient in studentFeatures   d/(σ²·n)
 *     gradient in variance          ½·Σ (1/σ² − d²/σ⁴)·sigmoid(variance)/n, over positions and samples
 *
 * It is a negative log-likelihood without its constant, and may be negative. The student's features are those after a
 * regressor to the teacher's channels, whose gradient follows from that in `studentFeatures`.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...positions, channels] (or channels first) of one shape,
 * `variance` [channels], which `initializeVid` makes; optional `rowWeights` [batch] and, with `ignoreIndex`, `labels`
 * [batch]. Value: a scalar (or [batch] with `reduction: 'none'`). `studentFeatures` and `variance` get a gradient.
 *
 * @throws RangeError for an ε that is not greater than 0, or an unknown option.
 * @example
 * const { gradients } = valueAndGradients(vid(), {
 *   studentFeatures: [[1, 2]],
 *   teacherFeatures: [[1, 0]],
 *   ...initializeVid({ channels: 2 }),
 * });
 * @see Ahn, Hu, Damianou, Lawrence, Dai: Variational information distillation (2019), arXiv 1904.05835
 */
// @__NO_SIDE_EFFECTS__
export function vid<R extends Reduction = 'mean'>(
  options: VidOptions<R> = {},
): Loss<
  'studentFeatures' | 'teacherFeatures' | 'variance',
  'studentFeatures' | 'variance',
  'labels' | 'rowWeights',
  FormOf<R>
> {
  const { layout, epsilon, ...rows } = readOptions('vid', options, {
    layout: word<FeatureLayout>(['channelsLast', 'channelsFirst'], 'channelsLast'),
    epsilon: positive(1e-5),
    ...rowOptions<R>(null),
  });

  return sharedRowLoss(rows, {
    name: 'vid',
    reference: vid,
    options: { layout, epsilon },
    inputs: ['studentFeatures', 'teacherFeatures', 'variance'],
    differentiable: ['studentFeatures', 'variance'],

    check(backend, { studentFeatures, teacherFeatures, variance }) {
      const { batch, channels } = checkMaps(backend, 'vid', 'studentFeatures', studentFeatures, layout, { least: 0 });
      const shape = backend.shapeOf(studentFeatures);
      checkSameShape('vid', 'teacherFeatures', backend.shapeOf(teacherFeatures), 'studentFeatures', shape);
      checkSameShape('vid', 'variance', backend.shapeOf(variance), 'the channels', [channels]);
      return [batch];
    },

    rows(backend, { studentFeatures, teacherFeatures, variance }) {
      const differences = backend.subtract(studentFeatures, teacherFeatures);
      const { runs, channels, positions, channelAxis } = channelRuns(backend, differences, layout);
      const squared = backend.add(softplus(backend, variance), backend.scalar(epsilon));
      const inverse = backend.divide(backend.scalar(1), squared);
      const column = [1, 1, 1].map((_, axis) => (axis === channelAxis ? channels : 1));
      const quotients = backend.multiply(runs, backend.reshape(inverse, column));
      const squares = backend.sum(backend.multiply(runs, quotients), { axis: [1, 2] });
      const logarithms = scale(backend, backend.sum(backend.log(squared)), 0.5 / channels);
      const losses = backend.add(scale(backend, squares, 0.5 / (channels * positions)), logarithms);
      return { losses, variance, inverse, quotients: backend.reshape(quotients, backend.shapeOf(differences)) };
    },

    gradients(backend, { variance, inverse, quotients }, scaled) {
      const { runs, channels, positions, positionAxis } = channelRuns(backend, quotients, layout);
      const share = 1 / (channels * positions);
      const squares = backend.sum(backend.multiply(runs, runs), { axis: positionAxis });
      const inSquared = backend.subtract(scale(backend, inverse, positions), squares);
      const inVariance = backend.sum(scaled(scale(backend, inSquared, share / 2)), { axis: 0 });
      return [scaled(scale(backend, quotients, share)), backend.multiply(inVariance, sigmoid(backend, variance))];
    },
  });
}
