import type { Backend } from '../../backend.ts';
import { checkSameShape } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { adaptiveAverage, adaptiveAverageGradient } from '../../ops/adaptiveAverage.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
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
      const { maps, batch, channels, grids } = mapsOf(backend, differences, layout, levels);
      const terms = grids.map(({ grid, part }) => {
        const cells = channels * grid[0] * grid[1];
        const averages = backend.reshape(adaptiveAverage(backend, maps, grid), [batch, cells]);
        const squares = backend.sum(backend.multiply(averages, averages), { axis: 1 });
        return scale(backend, squares, part / cells);
      });
      return { losses: terms.reduce((sum, term) => backend.add(sum, term)), differences };
    },

    gradient(backend, { differences }) {
      const { maps, batch, channels, whole, grids } = mapsOf(backend, differences, layout, levels);
      const terms = grids.map(({ grid, part }) => {
        const slopes = scale(
          backend,
          adaptiveAverage(backend, maps, grid),
          (2 * part) / (channels * grid[0] * grid[1]),
        );
        return adaptiveAverageGradient(backend, slopes, whole);
      });
      const gradient = backend.reshape(
        terms.reduce((sum, term) => backend.add(sum, term)),
        [batch, channels, whole[0] * whole[1]],
      );
      return fromChannelMaps(backend, gradient, backend.shapeOf(differences), layout);
    },
  });
}

/** Features as maps [batch·channels, height, width], and the grids that they are compared on, each with its part. */
function mapsOf<T>(backend: Backend<T>, features: T, layout: FeatureLayout, levels: readonly number[]) {
  const { batch, channels, positions } = mapExtents(backend.shapeOf(features), layout);
  const [height = 1, width = 1] = positions;
  const whole: Grid = [height, width];
  const coarser = levels.filter((level) => level < Math.min(height, width)).map((level): Grid => [level, level]);
  // 1 + 1/2 + … + 1/2ⁿ.
  const total = 2 - 0.5 ** coarser.length;
  return {
    maps: backend.reshape(asChannelMaps(backend, features, layout), [batch * channels, height, width]),
    batch,
    channels,
    whole,
    grids: [whole, ...coarser].map((grid, index) => ({ grid, part: 0.5 ** index / total })),
  };
}
