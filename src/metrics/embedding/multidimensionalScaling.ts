import { rangeError } from '../../check.ts';
import { unitFactorOf } from '../../ops/unitFactor.ts';
import { flag, optional, readOptions, whole, within, word } from '../../options.ts';
import { deriveSeed, randomNormal } from '../../random.ts';
import type { TensorLike } from '../../tensor.ts';
import { classicalScaling } from './classicalScaling.ts';
import { isotonicFit } from './isotonicFit.ts';
import { oriented } from './orientation.ts';
import { type SmacofProblem, type SmacofRun, smacof } from './smacof.ts';
import { type SquareMatrix, squareMatrix } from './squareMatrix.ts';

/** Options of `multidimensionalScaling`. */
export interface MultidimensionalScalingOptions {
  /** Axes of the map. Default 2. */
  readonly dimensions?: number;
  /** `'smacof'` (default) minimises the stress; `'classical'` takes eigenvectors, in one step. */
  readonly method?: 'smacof' | 'classical';
  /** Whether distances should equal the dissimilarities (true, default) or only rise with them (non-metric). */
  readonly metric?: boolean;
  /** Runs of SMACOF, of which the one with the least stress is kept. Default 1 from a classical start, else 4. */
  readonly starts?: number;
  /**
   * Where the first run starts: at the classical solution (default) or at random points. Further runs start at random; a
   * random start is often caught in a local minimum.
   */
  readonly initial?: 'classical' | 'random';
  /** Of the random starts. Default 0. */
  readonly seed?: number;
  /** Default 300. */
  readonly maxIterations?: number;
  /** A run stops when the stress falls by less than this share of the sum of squared distances of all pairs. Default 1e-6. */
  readonly tolerance?: number;
}

/** What `multidimensionalScaling` returns. */
export interface MultidimensionalScalingResult {
  /** A point for each row of the matrix: centred, on principal axes, with fixed signs. */
  readonly coordinates: readonly (readonly number[])[];
  /**
   * Raw stress of these points: Σ over pairs of (dissimilarity − distance)². Non-metric: of the isotonic fit to their
   * distances in place of the dissimilarities; the map's size is arbitrary then, so compare `stress1`. It has the square of
   * the dissimilarities' unit, and is Infinity beyond the range of numbers.
   */
  readonly stress: number;
  /**
   * Kruskal's Stress-1, √(stress/Σ distance²), at most 1: that is what any points reach as they are spread without end, so
   * a map of least raw stress for which the formula gives more says as little.
   */
  readonly stress1: number;
  /** Iterations of the run that was kept; 0 for the classical method. */
  readonly iterations: number;
  /** Whether that run met the tolerance before `maxIterations`. */
  readonly converged: boolean;
}

const where = 'multidimensionalScaling';

/** Checks options and fills in defaults. */
export function scalingSettings(options: unknown): Required<MultidimensionalScalingOptions> {
  const { starts, ...read } = readOptions(where, options, {
    dimensions: whole(1, 2),
    method: word(['smacof', 'classical'], 'smacof'),
    metric: flag(true),
    starts: optional(whole(1)),
    initial: word(['classical', 'random'], 'classical'),
    seed: whole(0, 0),
    maxIterations: whole(1, 300),
    tolerance: within(0, 1, 1e-6),
  });
  if (read.method === 'classical' && !read.metric) {
    throw rangeError(where, 'metric', "true with method 'classical'", read.metric, "Use method 'smacof'.");
  }
  return { ...read, starts: starts ?? (read.initial === 'classical' ? 1 : 4) };
}

/** The entries above the diagonal, row by row; refuses what is no dissimilarity. */
function pairsOf({ data, size }: SquareMatrix): Float64Array {
  const pairs = new Float64Array((size * (size - 1)) / 2);
  let largest = 0;
  for (const value of data) {
    if (value < 0) throw rangeError(where, 'dissimilarities', 'at least 0', value);
    largest = Math.max(largest, value);
  }
  let pair = 0;
  for (let row = 0; row < size; row++) {
    const own = data[row * size + row]!;
    if (own > 1e-5 * largest) {
      throw rangeError(
        where,
        `dissimilarities[${row}][${row}]`,
        '0',
        own,
        'dissimilarity(similarities) turns similarities into dissimilarities.',
      );
    }
    for (let column = row + 1; column < size; column++) pairs[pair++] = data[row * size + column]!;
  }
  return pairs;
}

function randomStart(seed: number, size: number, dimensions: number, scale: number): Float64Array {
  return Float64Array.from({ length: size * dimensions }, (_, index) => scale * randomNormal(seed, index));
}

/** Stress of points as they are: a run without iterations. */
function standing(problem: SmacofProblem, coordinates: Float64Array): SmacofRun {
  return { ...smacof({ ...problem, maxIterations: 0 }, coordinates), converged: true };
}

/**
 * Multidimensional scaling: points whose distances are as near as possible to given dissimilarities, for a map of models
 * by their representational similarity.
 *
 * SMACOF minimises Σ (dissimilarity − distance)² over pairs from a classical start, and where the scaling is metric it is
 * finished by quasi-Newton steps (L-BFGS); the stress never rises. Non-metric scaling asks of distances
 * only that they rise with the dissimilarities (isotonic regression; equal dissimilarities get equal disparities). The map
 * is turned to its principal axes with fixed signs, so that two runs draw the same one, as long as no two axes have equal
 * variance.
 *
 * @param dissimilarities A symmetric matrix [n, n], ≥ 0, zero on the diagonal.
 * @returns `{ coordinates, stress, stress1, iterations, converged }`.
 * @throws RangeError for entries that are negative, not finite or not symmetric, TypeError for a matrix that is not square.
 * @example
 * const { coordinates, stress1 } = multidimensionalScaling([[0, 3, 4], [3, 0, 5], [4, 5, 0]]);
 * @see Borg and Groenen, "Modern Multidimensional Scaling", 2005.
 */
export function multidimensionalScaling(
  dissimilarities: TensorLike,
  options: MultidimensionalScalingOptions = {},
): MultidimensionalScalingResult {
  const { dimensions, method, metric, starts, initial, seed, maxIterations, tolerance } = scalingSettings(options);
  const given = squareMatrix(where, 'dissimilarities', dissimilarities);
  const { size } = given;
  // Near 1, so that neither large nor small dissimilarities leave the range of their squares.
  const factor = unitFactorOf(given.data);
  const matrix = { data: given.data.map((value) => value * factor), size };
  const pairs = pairsOf(given).map((value) => value * factor);
  const fit = metric ? {} : { fitDisparities: isotonicFit(pairs) };
  const problem: SmacofProblem = { size, dimensions, pairs, maxIterations, tolerance, ...fit };
  const scale = Math.sqrt(
    pairs.reduce((sum, value) => sum + value * value, 0) / Math.max(1, pairs.length) / dimensions,
  );

  const judged = (run: SmacofRun): number => (metric ? run.stress : stress1Of(run));
  let best: SmacofRun | undefined;
  for (let run = 0; run < (method === 'classical' ? 1 : starts); run++) {
    const isClassical = run === 0 && (initial === 'classical' || method === 'classical');
    const start = isClassical
      ? classicalScaling(matrix, dimensions)
      : randomStart(deriveSeed(seed, run), size, dimensions, scale);
    const ended = method === 'classical' ? standing(problem, start) : smacof(problem, start);
    if (best === undefined || judged(ended) < judged(best)) best = ended;
  }
  const { coordinates, stress, iterations, converged } = best!;
  const map = oriented(coordinates, size, dimensions);
  return {
    coordinates: Array.from({ length: size }, (_, point) =>
      Array.from(map.subarray(point * dimensions, (point + 1) * dimensions), (coordinate) => coordinate / factor),
    ),
    stress: stress / factor / factor,
    stress1: stress1Of(best!),
    iterations,
    converged,
  };
}

function stress1Of({ stress, squares }: SmacofRun): number {
  return squares > 0 ? Math.min(1, Math.sqrt(stress / squares)) : stress > 0 ? 1 : 0;
}
