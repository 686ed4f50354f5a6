/**
 * Stress majorisation (SMACOF): every step goes to the minimum of a quadratic that touches the stress from above, so the
 * stress never grows. Metric runs finish with quasi-Newton steps, which need a third of the iterations and keep that
 * promise by their line search.
 */
import { guttmanTransform, measureDistances } from './guttmanTransform.ts';
import { dot, limitedMemory } from './limitedMemory.ts';
import type { PairWeights } from './pairWeights.ts';

/** What a run works on. */
export interface SmacofProblem {
  readonly size: number;
  readonly dimensions: number;
  /** Dissimilarities of the pairs (0, 1), (0, 2), …, (1, 2), …. */
  readonly pairs: Float64Array;
  readonly maxIterations: number;
  /** Stops when the stress falls by less than this share of the sum of squared distances of all pairs. */
  readonly tolerance: number;
  /** Sets disparities for the distances of all pairs; where left out, the dissimilarities themselves are aimed at. */
  readonly fitDisparities?: (distances: Float64Array, disparities: Float64Array) => void;
  /** What pairs count; all alike where left out. */
  readonly weighting?: PairWeights;
}

/** Where a run ended. */
export interface SmacofRun {
  /** Row-major [size, dimensions]. */
  readonly coordinates: Float64Array;
  /** Σ over pairs of (disparity − distance)², weighted as they count, non-metric disparities in the distances' scale. */
  readonly stress: number;
  /** Σ over pairs of distance², weighted as they count. */
  readonly squares: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * Points, what pulls them, and sums over all pairs. With pairs that count alike the points less the pull are half the gradient
 * over n, and the pull is their Guttman transform: what a majorising step goes to, and so the right first guess of a
 * Newton step. With weights the form V/n stands between them.
 */
interface Place {
  /** Axis by axis, [dimensions, size]. */
  readonly x: Float64Array;
  /** B x/n, by targets that are weighted. */
  readonly pulled: Float64Array;
  /** V x/n: the points themselves, where all pairs count alike. */
  readonly weighed: Float64Array;
  /** (V/n)⁺ of the pull: the pull itself, where all pairs count alike. */
  readonly moved: Float64Array;
  /** Σ target². */
  targets: number;
  /** Σ target · distance. */
  products: number;
  /** Σ distance². */
  squares: number;
}

/**
 * Quasi-Newton steps begin when a majorising step lowers the stress by less than this share of Σ distance²: in the first,
 * large steps they leap into the basin of a poor minimum more often than majorising does.
 */
const NEAR = 3e-2;
const REMEMBERED_STEPS = 5;
/** Of the fall that the gradient promises for a step, the share that a step must bring (Armijo). */
const SUFFICIENT = 1e-4;
const HALVINGS = 20;

/** Far from a minimum nothing is lost to the difference; what is reported is summed over pairs at the end. */
function stressAt({ targets, products, squares }: Place): number {
  return targets - 2 * products + squares;
}

/** A fresh place of the problem's extent. */
function emptyPlace({ size, dimensions, weighting }: SmacofProblem): Place {
  const numbers = () => new Float64Array(size * dimensions);
  const [x, pulled] = [numbers(), numbers()];
  const own = weighting === undefined ? { weighed: x, moved: pulled } : { weighed: numbers(), moved: numbers() };
  return { x, pulled, ...own, targets: 0, products: 0, squares: 0 };
}

/** Fills in what follows from `place.x`, which is centred: Σ distance² is n Σ x·weighed then, and Σ target·distance n Σ x·pulled. */
function pass(
  place: Place,
  { size, dimensions, weighting }: SmacofProblem,
  weightedTargets: Float64Array,
  targetSquares: number,
): void {
  const { x, pulled, weighed, moved } = place;
  guttmanTransform(x, size, dimensions, weightedTargets, pulled);
  weighting?.weigh(x, weighed);
  weighting?.solve(pulled, moved);
  place.targets = targetSquares;
  place.products = size * dot(x, pulled);
  place.squares = size * dot(x, weighed);
}

/** Rows become columns: [rows, columns] to [columns, rows]. */
function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  return x.map((_, at) => x[(at % rows) * columns + Math.floor(at / rows)]!);
}

/** Points about their mean, axis by axis. */
function centred(start: Float64Array, { size, dimensions }: SmacofProblem): Float64Array {
  const x = transposed(start, size, dimensions);
  for (let first = 0; first < x.length; first += size) {
    const axis = x.subarray(first, first + size);
    const mean = axis.reduce((sum, value) => sum + value, 0) / size;
    for (let point = 0; point < size; point++) axis[point]! -= mean;
  }
  return x;
}

/**
 * Goes twice as far as the Guttman transform, from `x` at its best scale: the majorising quadratic is as high there as
 * where it started, so the stress still cannot grow, and half the iterations are enough. Without the scale, a map of the
 * right form and the wrong size would swing between two sizes for ever.
 */
function relax({ x, moved, products, squares }: Place, next: Float64Array): void {
  const scale = squares > 0 ? products / squares : 1;
  for (let at = 0; at < x.length; at++) next[at] = 2 * moved[at]! - scale * x[at]!;
}

/** The stress with disparities scaled to the distances: what a non-metric map is judged by, whatever its size. */
function stressAtBestScale(
  distances: Float64Array,
  disparities: Float64Array,
  weights: Float64Array | undefined,
): number {
  const squares = weightedDot(disparities, disparities, weights);
  const scale = squares > 0 ? weightedDot(distances, disparities, weights) / squares : 0;
  return squaredErrors(distances, disparities, weights, scale);
}

/**
 * Minimises the stress from a start.
 *
 * @see de Leeuw, "Applications of convex analysis to multidimensional scaling", 1977; de Leeuw and Heiser,
 * "Multidimensional scaling with restrictions on the configuration", 1980, for the relaxed step.
 */
export function smacof(problem: SmacofProblem, start: Float64Array): SmacofRun {
  const { size, dimensions, pairs, maxIterations, tolerance, fitDisparities } = problem;
  const weights = problem.weighting?.weights;
  const distances = new Float64Array(pairs.length);
  const targets = fitDisparities === undefined ? pairs : new Float64Array(pairs.length);
  const pairSquares = weightedDot(pairs, pairs, weights);
  // What pulls: targets themselves where all pairs count alike.
  const weightedTargets = weights === undefined ? targets : targets.map((target, pair) => target * weights[pair]!);
  const settle = (place: Place): void => {
    if (fitDisparities !== undefined) {
      measureDistances(place.x, size, distances);
      fitDisparities(distances, targets);
      if (weights !== undefined) {
        for (let pair = 0; pair < targets.length; pair++) weightedTargets[pair] = targets[pair]! * weights[pair]!;
      }
    }
    const squares = fitDisparities === undefined ? pairSquares : weightedDot(targets, targets, weights);
    pass(place, problem, weightedTargets, squares);
  };

  let here = emptyPlace(problem);
  let next = emptyPlace(problem);
  here.x.set(centred(start, problem));
  settle(here);

  const { length } = start;
  const residual = new Float64Array(length);
  const direction = new Float64Array(length);
  const change = new Float64Array(length);
  const memory = limitedMemory(length, REMEMBERED_STEPS);
  for (let at = 0; at < length; at++) residual[at] = here.weighed[at]! - here.pulled[at]!;

  /** Sets `next` from `here` and returns how much lower its stress is. */
  const majorise = (): number => {
    relax(here, next.x);
    settle(next);
    return stressAt(here) - stressAt(next);
  };
  const searchLine = (): number => {
    memory.apply(residual, direction);
    const slope = 2 * size * dot(residual, direction);
    let fall = 0;
    for (let halving = 0, step = 1; halving <= HALVINGS; halving++, step /= 2) {
      for (let at = 0; at < length; at++) next.x[at] = here.x[at]! - step * direction[at]!;
      settle(next);
      fall = stressAt(here) - stressAt(next);
      if (fall > SUFFICIENT * step * slope) break;
    }
    return fall;
  };

  let iterations = 0;
  let converged = false;
  let isNear = false;
  while (!converged && iterations < maxIterations) {
    const fall: number = isNear ? searchLine() : majorise();
    iterations += 1;
    converged = !(fall > tolerance * next.squares);
    // No shorter step lowers the stress either: what is left is rounding.
    if (!(fall > 0)) break;
    isNear ||= fitDisparities === undefined && fall < NEAR * next.squares;
    for (let at = 0; at < length; at++) {
      direction[at] = next.x[at]! - here.x[at]!;
      change[at] = next.weighed[at]! - next.pulled[at]! - residual[at]!;
      residual[at]! += change[at]!;
    }
    memory.learn(direction, change);
    [here, next] = [next, here];
  }

  // At a minimum of the stress the scale is the best one; setting it leaves what is left of an early stop to the form.
  if (fitDisparities === undefined && iterations > 0 && here.squares > 0) {
    const scale = here.products / here.squares;
    for (let at = 0; at < here.x.length; at++) here.x[at]! *= scale;
  }
  measureDistances(here.x, size, distances);
  fitDisparities?.(distances, targets);
  const stress =
    fitDisparities === undefined
      ? squaredErrors(distances, pairs, weights, 1)
      : stressAtBestScale(distances, targets, weights);
  return {
    coordinates: transposed(here.x, dimensions, size),
    stress,
    squares: weightedDot(distances, distances, weights),
    iterations,
    converged,
  };
}

/** Σ w(distance − scale·target)². */
function squaredErrors(
  distances: Float64Array,
  targets: Float64Array,
  weights: Float64Array | undefined,
  scale: number,
): number {
  let sum = 0;
  for (let pair = 0; pair < distances.length; pair++) {
    const error = distances[pair]! - scale * targets[pair]!;
    sum += weights === undefined ? error * error : weights[pair]! * error * error;
  }
  return sum;
}

/** Σ w·a·b. */
function weightedDot(a: Float64Array, b: Float64Array, weights: Float64Array | undefined): number {
  if (weights === undefined) return dot(a, b);
  let sum = 0;
  for (let pair = 0; pair < a.length; pair++) sum += weights[pair]! * a[pair]! * b[pair]!;
  return sum;
}
