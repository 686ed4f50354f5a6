import { checkSameShape, rangeError } from '../../check.ts';
import { unitFactorOf } from '../../ops/unitFactor.ts';
import { asGiven, flag, optional, readOptions, whole, within, word } from '../../options.ts';
import { deriveSeed, randomNormal } from '../../random.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';
import { classicalScaling } from './classicalScaling.ts';
import { isotonicFit } from './isotonicFit.ts';
import { oriented } from './orientation.ts';
import { pairWeights, shortestWays } from './pairWeights.ts';
import { type SmacofProblem, type SmacofRun, smacof } from './smacof.ts';
import type { SquareMatrix } from './squareMatrix.ts';
import { pairsOf, weightedPairs } from './weightedPairs.ts';

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
   * Where the first run starts: at the classical solution (default), at random points, or at points of one's own
   * [n, dimensions], such as another map's. Further runs start at random; a random start is often caught in a local minimum.
   */
  readonly initial?: 'classical' | 'random' | TensorLike;
  /**
   * What each pair counts, [n, n], symmetric and at least 0, in place of 1; a pair of weight 0 may have any dissimilarity. A
   * classical start takes no weights but for those of 0, whose pairs it bridges by the shortest way over others.
   */
  readonly weights?: TensorLike;
  /** Pairs without a dissimilarity, which are NaN: `'throw'` (default) refuses them, `'skip'` leaves them out. */
  readonly missing?: 'throw' | 'skip';
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
   * Raw stress of these points: Σ over pairs of w·(dissimilarity − distance)². Non-metric: of the isotonic fit to their
   * distances in place of the dissimilarities; the map's size is arbitrary then, so compare `stress1`. It has the square of
   * the dissimilarities' unit, and is Infinity beyond the range of numbers.
   */
  readonly stress: number;
  /**
   * Kruskal's Stress-1, √(stress/Σ w·distance²), at most 1: that is what any points reach as they are spread without end, so
   * a map of least raw stress for which the formula gives more says as little.
   */
  readonly stress1: number;
  /** Iterations of the run that was kept; 0 for the classical method. */
  readonly iterations: number;
  /** Whether that run met the tolerance before `maxIterations`. */
  readonly converged: boolean;
}

const where = 'multidimensionalScaling';

type Settings = Required<Omit<MultidimensionalScalingOptions, 'weights'>> &
  Pick<MultidimensionalScalingOptions, 'weights'>;

/** Checks options and fills in defaults; what depends on the matrix is checked with it. */
export function scalingSettings(options: unknown): Settings {
  const { starts, ...read } = readOptions(where, options, {
    dimensions: whole(1, 2),
    method: word(['smacof', 'classical'], 'smacof'),
    metric: flag(true),
    starts: optional(whole(1)),
    initial: readStart,
    weights: asGiven,
    missing: word(['throw', 'skip'], 'throw'),
    seed: whole(0, 0),
    maxIterations: whole(1, 300),
    tolerance: within(0, 1, 1e-6),
  });
  if (read.method === 'classical' && !read.metric) {
    throw rangeError(where, 'metric', "true with method 'classical'", read.metric, "Use method 'smacof'.");
  }
  const { weights, ...rest } = read;
  return {
    ...rest,
    ...(weights !== undefined && { weights: weights as TensorLike }),
    starts: starts ?? (read.initial === 'random' ? 4 : 1),
  };
}

function readStart(from: string, name: string, given: unknown): 'classical' | 'random' | TensorLike {
  if (given === undefined || typeof given === 'string')
    return word(['classical', 'random'], 'classical')(from, name, given);
  return given as TensorLike;
}

function randomStart(seed: number, size: number, dimensions: number, scale: number): Float64Array {
  return Float64Array.from({ length: size * dimensions }, (_, index) => scale * randomNormal(seed, index));
}

/** The points that were given, or the classical ones. */
function firstStart(
  initial: 'classical' | 'random' | TensorLike,
  matrix: SquareMatrix,
  dimensions: number,
  factor: number,
): Float64Array {
  if (typeof initial === 'string') return classicalScaling(matrix, dimensions);
  const { data, shape } = toHostTensor(initial, where, 'initial');
  checkSameShape(where, 'initial', shape, 'the points', [matrix.size, dimensions]);
  const bad = data.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw rangeError(where, 'initial', 'finite', bad);
  return Float64Array.from(data, (value) => value * factor);
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
 * variance. Pairs that are missing, or that count differently, take a step of their own form (V⁺) in place of a mean, n² numbers
 * kept and n³ steps once.
 *
 * @param dissimilarities A symmetric matrix [n, n], ≥ 0, zero on the diagonal.
 * @returns `{ coordinates, stress, stress1, iterations, converged }`.
 * @throws RangeError for entries that are negative, not finite or not symmetric, for weights or missing pairs with the classical
 * method, and for pairs that do not connect all points; TypeError for a matrix that is not square.
 * @example
 * const { coordinates, stress1 } = multidimensionalScaling([[0, 3, 4], [3, 0, 5], [4, 5, 0]]);
 * @see Borg and Groenen, "Modern Multidimensional Scaling", 2005.
 */
export function multidimensionalScaling(
  dissimilarities: TensorLike,
  options: MultidimensionalScalingOptions = {},
): MultidimensionalScalingResult {
  const settings = scalingSettings(options);
  const { dimensions, method, metric, starts, initial, seed, maxIterations, tolerance } = settings;
  const { given, weights } = weightedPairs(dissimilarities, settings);
  const { size } = given;
  // Near 1, so that neither large nor small dissimilarities leave the range of their squares.
  const factor = unitFactorOf(given.data);
  const scaled = given.data.map((value) => value * factor);
  const matrix = { data: weights === undefined ? scaled : shortestWays(scaled, weights, size), size };
  const pairs = pairsOf(given).map((value) => value * factor);
  const problem: SmacofProblem = {
    size,
    dimensions,
    pairs,
    maxIterations,
    tolerance,
    ...(!metric && { fitDisparities: isotonicFit(pairs, weights) }),
    ...(weights && { weighting: pairWeights(where, weights, size) }),
  };
  const scale = Math.sqrt(
    pairs.reduce((sum, value) => sum + value * value, 0) / Math.max(1, pairs.length) / dimensions,
  );

  const judged = (run: SmacofRun): number => (metric ? run.stress : stress1Of(run));
  let best: SmacofRun | undefined;
  for (let run = 0; run < (method === 'classical' ? 1 : starts); run++) {
    const start =
      run === 0 && (initial !== 'random' || method === 'classical')
        ? firstStart(initial, matrix, dimensions, factor)
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
