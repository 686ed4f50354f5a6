import { checkAllFinite, checkNotEmpty, checkRank, shapeError } from '../../check.ts';
import { readGrid } from '../../ops/readGrid.ts';
import { type Grid, resizeBilinearOnHost } from '../../ops/resizeBilinear.ts';
import { optional, readOptions } from '../../options.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../../tensor.ts';

/** Options of `saliencySimilarity`. */
export interface SaliencySimilarityOptions {
  /** The grid on which maps are compared. Default: the larger height and the larger width of the two. */
  readonly grid?: Grid;
}

/** What `saliencySimilarity` returns. */
export interface SaliencySimilarityResult {
  /** The mean over the pairs that have a cosine; null where none has. */
  readonly value: number | null;
  /** For each image the cosine, in [−1, 1], and for maps ≥ 0 in [0, 1]; null where a map is zero everywhere. */
  readonly similarities: readonly (number | null)[];
  /** Pairs that have a cosine. */
  readonly defined: number;
  /** Pairs in which a map is zero everywhere: a direction that does not exist. */
  readonly undefinedPairs: number;
}

/**
 * How alike two models' saliency maps are, image by image: the cosine of the maps on a common grid, to which they are
 * brought by bilinear resampling.
 *
 * @param first Maps [batch, height, width], as `gradCam` returns them.
 * @param second Maps of the same images, of any height and width.
 * @throws RangeError for NaN or infinite values in the maps.
 * @example
 * const { value, similarities } = saliencySimilarity(
 *   gradCam({ activations: teacherActivations, gradients: teacherGradients }),
 *   gradCam({ activations: studentActivations, gradients: studentGradients }),
 * );
 * @see Ojha, Li, Sundara Rajan, Liang, Lee: What knowledge gets distilled in knowledge distillation? (2023), section 4.1
 */
export function saliencySimilarity(
  first: TensorLike,
  second: TensorLike,
  options: SaliencySimilarityOptions = {},
): SaliencySimilarityResult {
  const where = 'saliencySimilarity';
  const { grid: wanted } = readOptions(where, options, { grid: optional(readGrid) });
  const maps = { first: toHostTensor(first, where, 'first'), second: toHostTensor(second, where, 'second') };
  for (const [name, { data, shape }] of Object.entries(maps)) {
    checkRank(where, name, shape, 3, '[batch, height, width]');
    checkNotEmpty(where, name, shape);
    checkAllFinite(where, name, data);
  }
  const [batch, height, width] = maps.first.shape as [number, number, number];
  const [otherBatch, otherHeight, otherWidth] = maps.second.shape as [number, number, number];
  if (otherBatch !== batch) throw shapeError(where, 'second', `of ${batch} maps, as first is`, maps.second.shape);
  const grid = wanted ?? ([Math.max(height, otherHeight), Math.max(width, otherWidth)] as const);

  const onGrid = ({ data, shape }: HostTensor): Float64Array =>
    resizeBilinearOnHost(data, shape as unknown as readonly [number, number, number], grid);
  const [one, two] = [onGrid(maps.first), onGrid(maps.second)];
  const places = grid[0] * grid[1];
  const similarities = Array.from({ length: batch }, (_, image) =>
    cosine(one.subarray(image * places, (image + 1) * places), two.subarray(image * places, (image + 1) * places)),
  );
  const known = similarities.filter((value) => value !== null);
  return {
    value: known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null,
    similarities,
    defined: known.length,
    undefinedPairs: batch - known.length,
  };
}

/** Scaled by the largest element first: squares of small gradients underflow. */
function cosine(a: Float64Array, b: Float64Array): number | null {
  const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const [scaleA, scaleB] = [largest(a), largest(b)];
  if (scaleA === 0 || scaleB === 0) return null;
  let [dot, squareA, squareB] = [0, 0, 0];
  for (let place = 0; place < a.length; place++) {
    const [x, y] = [a[place]! / scaleA, b[place]! / scaleB];
    dot += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  // Of maps on one line a rounding may lead beyond.
  return Math.max(-1, Math.min(1, dot / Math.sqrt(squareA * squareB)));
}
