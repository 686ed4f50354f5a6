import type { Backend } from '../../backend.ts';
import { checkSameShape } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { averagePyramid, averagePyramidGradient, weighPyramid } from '../../ops/averagePyramid.ts';
import { asChannelMaps, checkMaps, fromChannelMaps, mapExtents } from '../../ops/channelMaps.ts';
import type { Grid } from '../../ops/resizeBilinear.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { list, readOptions, whole, word } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `hierarchicalContext`. */
export interface HierarchicalContextOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** The extents of the square grids that the maps are averaged over, from fine to coarse. Default [4, 2, 1]. */
  readonly levels?: readonly number[];
  /** Where the channels are: `[batch, height, width, channels]`, the default, or `[batch, channels, height, width]`. */
  readonly layout?: FeatureLayout;
}

/**
 * Hierarchical context loss of ReviewKD: the squared error of feature maps, and of their averages over coarser and coarser
 * grids.
 *
 *     (E_0 + E_l₁/2 + E_l₂/4 + …)/(1 + 1/2 + 1/4 + …)
 *
 * with E_0 the mean squared error of the maps and E_l that of their averages over an l × l grid, for each level that is
 * smaller than both height and width; the others are left out, and the weights go on as if they were not there. Part i of
 * l takes ⌊i·n/l⌋ up to ⌈(i + 1)·n/l⌉ of n places, so parts overlap where l does not divide n. The gradient of a level
 * goes back through the same averages.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, height, width, channels] (or channels first) of one shape;
 * optional `rowWeights` [batch] and, with `ignoreIndex`, `labels` [batch]. Value: a scalar ≥ 0 (or [batch] with
 * `reduction: 'none'`). Only `studentFeatures` gets a gradient.
 *
 * @throws RangeError for levels that are no whole numbers of at least 1, or an unknown option.
 * @example
 * const studentFeatures = tensor([1, 2, 0, 1], [1, 1, 2, 2]);
 * const teacherFeatures = tensor([2, 0, 1, 1], [1, 1, 2, 2]);
 * const loss = hierarchicalContext({ layout: 'channelsFirst' });
 * const { value } = evaluate(loss, { studentFeatures, teacherFeatures }); // 1
 * @see Chen, Liu, Zhao, Jia: Distilling knowledge via knowledge review (2021), arXiv 2104.09044
 */
// @__NO_SIDE_EFFECTS__
export function hierarchicalContext<R extends Reduction = 'mean'>(
  options: HierarchicalContextOptions<R> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  const { levels, layout, ...rows } = readOptions('hierarchicalContext', options, {
    levels: (where, name, given) => list(whole(1))(where, name, given ?? [4, 2, 1]),
    layout: word<FeatureLayout>(['channelsLast', 'channelsFirst'], 'channelsLast'),
    ...rowOptions<R>(null),
  });

  return rowLoss(rows, {
    name: 'hierarchicalContext',
    reference: hierarchicalContext,
    options: { levels, layout },
    inputs: ['studentFeatures', 'teacherFeatures'],
    differentiable: 'studentFeatures',

    check(backend, { studentFeatures, teacherFeatures }) {
      const axes = { least: 2, most: 2 };
      const { batch } = checkMaps(backend, 'hierarchicalContext', 'studentFeatures', studentFeatures, layout, axes);
      const shape = backend.shapeOf(studentFeatures);
      checkSameShape(
        'hierarchicalContext',
        'teacherFeatures',
        backend.shapeOf(teacherFeatures),
        'studentFeatures',
        shape,
      );
      return [batch];
    },

    rows(backend, { studentFeatures, teacherFeatures }) {
      const differences = backend.subtract(studentFeatures, teacherFeatures);
      const { maps, batch, channels, whole, coarser, parts } = mapsOf(backend, differences, layout, levels);
      const size = channels * whole[0] * whole[1];
      const finest = scale(backend, sumsOf(backend, backend.multiply(maps, maps), [batch, size]), parts[0]! / size);
      if (coarser.length === 0) return { losses: finest, differences, slopes: backend.scalar(0) };
      const averages = averagePyramid(backend, maps, whole, coarser);
      const weights = coarser.map((level, index) => parts[index + 1]! / (channels * level ** 2));
      const slopes = weighPyramid(backend, averages, coarser, weights);
      const [, extent = 1] = backend.shapeOf(slopes);
      const rest = sumsOf(backend, backend.multiply(slopes, averages), [batch, channels * extent ** 2]);
      return { losses: backend.add(finest, rest), differences, slopes };
    },

    gradient(backend, { differences, slopes }) {
      const { maps, batch, channels, whole, coarser, parts } = mapsOf(backend, differences, layout, levels);
      const size = whole[0] * whole[1];
      const finest = scale(backend, maps, (2 * parts[0]!) / (channels * size));
      const all =
        coarser.length === 0
          ? finest
          : backend.add(finest, averagePyramidGradient(backend, scale(backend, slopes, 2), whole, coarser));
      const gradient = backend.reshape(all, [batch, channels, size]);
      return fromChannelMaps(backend, gradient, backend.shapeOf(differences), layout);
    },
  });
}

function sumsOf<T>(backend: Backend<T>, squares: T, shape: readonly number[]): T {
  return backend.sum(backend.reshape(squares, shape), { axis: 1 });
}

/** Features as maps [batch·channels, height, width], the coarser grids, and the part of each of all grids, the whole one first. */
function mapsOf<T>(backend: Backend<T>, features: T, layout: FeatureLayout, levels: readonly number[]) {
  const { batch, channels, positions } = mapExtents(backend.shapeOf(features), layout);
  const [height = 1, width = 1] = positions;
  const whole: Grid = [height, width];
  const coarser = levels.filter((level) => level < Math.min(height, width));
  // 1 + 1/2 + … + 1/2ⁿ.
  const total = 2 - 0.5 ** coarser.length;
  return {
    maps: backend.reshape(asChannelMaps(backend, features, layout), [batch * channels, height, width]),
    batch,
    channels,
    whole,
    coarser,
    parts: [1, ...coarser].map((_, index) => 0.5 ** index / total),
  };
}
