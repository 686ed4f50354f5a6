/**
 * Stress majorisation (SMACOF): every step moves the points to the minimum of a quadratic that touches the stress from
 * above, so the stress never grows. The loops run over pairs in typed arrays and allocate nothing.
 */

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
}

/** Where a run ended. */
export interface SmacofRun {
  /** Row-major [size, dimensions]. */
  readonly coordinates: Float64Array;
  /** Σ over pairs of (disparity − distance)², non-metric disparities in the distances' scale. */
  readonly stress: number;
  /** Σ over pairs of distance². */
  readonly squares: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Sums over pairs that a pass leaves behind, in a typed array so that none is allocated. */
const STRESS = 0;
const SQUARES = 1;
const PRODUCTS = 2;

/**
 * One pass over all pairs: at `x` the stress and the sums of distance² and of target · distance, and in `moved` the
 * Guttman transform of `x`, in which each point goes to the mean of where its pairs would have it. Coincident points do not push each other.
 */
function pass2(x: Float64Array, size: number, targets: Float64Array, moved: Float64Array, sums: Float64Array): void {
  moved.fill(0);
  let stress = 0;
  let squares = 0;
  let products = 0;
  let pair = 0;
  for (let i = 0; i < size; i++) {
    const x0 = x[2 * i]!;
    const x1 = x[2 * i + 1]!;
    let sum0 = moved[2 * i]!;
    let sum1 = moved[2 * i + 1]!;
    for (let j = i + 1; j < size; j++, pair++) {
      const d0 = x0 - x[2 * j]!;
      const d1 = x1 - x[2 * j + 1]!;
      const square = d0 * d0 + d1 * d1;
      const distance = Math.sqrt(square);
      const target = targets[pair]!;
      const error = target - distance;
      stress += error * error;
      squares += square;
      products += target * distance;
      const ratio = distance > 0 ? target / distance : 0;
      const step0 = ratio * d0;
      const step1 = ratio * d1;
      sum0 += step0;
      sum1 += step1;
      moved[2 * j]! -= step0;
      moved[2 * j + 1]! -= step1;
    }
    moved[2 * i] = sum0 / size;
    moved[2 * i + 1] = sum1 / size;
  }
  sums[STRESS] = stress;
  sums[SQUARES] = squares;
  sums[PRODUCTS] = products;
}

/** The same in any number of dimensions. */
function passAny(
  x: Float64Array,
  size: number,
  dimensions: number,
  targets: Float64Array,
  moved: Float64Array,
  sums: Float64Array,
): void {
  moved.fill(0);
  let stress = 0;
  let squares = 0;
  let products = 0;
  let pair = 0;
  for (let i = 0; i < size; i++) {
    const atI = i * dimensions;
    for (let j = i + 1; j < size; j++, pair++) {
      const atJ = j * dimensions;
      const square = squaredDistance(x, atI, atJ, dimensions);
      const distance = Math.sqrt(square);
      const target = targets[pair]!;
      stress += (target - distance) ** 2;
      squares += square;
      products += target * distance;
      const ratio = distance > 0 ? target / distance : 0;
      for (let axis = 0; axis < dimensions; axis++) {
        const step = ratio * (x[atI + axis]! - x[atJ + axis]!);
        moved[atI + axis]! += step;
        moved[atJ + axis]! -= step;
      }
    }
    for (let axis = 0; axis < dimensions; axis++) moved[atI + axis]! /= size;
  }
  sums[STRESS] = stress;
  sums[SQUARES] = squares;
  sums[PRODUCTS] = products;
}

function squaredDistance(x: Float64Array, atI: number, atJ: number, dimensions: number): number {
  let square = 0;
  for (let axis = 0; axis < dimensions; axis++) square += (x[atI + axis]! - x[atJ + axis]!) ** 2;
  return square;
}

function measureDistances(x: Float64Array, size: number, dimensions: number, distances: Float64Array): void {
  let pair = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++, pair++) {
      distances[pair] = Math.sqrt(squaredDistance(x, i * dimensions, j * dimensions, dimensions));
    }
  }
}

/** The stress with disparities scaled to the distances: what a non-metric map is judged by, whatever its size. */
function stressAtBestScale(distances: Float64Array, disparities: Float64Array): number {
  let products = 0;
  let squares = 0;
  for (let pair = 0; pair < distances.length; pair++) {
    products += distances[pair]! * disparities[pair]!;
    squares += disparities[pair]! ** 2;
  }
  const scale = squares > 0 ? products / squares : 0;
  let stress = 0;
  for (let pair = 0; pair < distances.length; pair++) stress += (distances[pair]! - scale * disparities[pair]!) ** 2;
  return stress;
}

/**
 * Goes twice as far as the Guttman transform, from `x` at its best scale: the majorising quadratic is as high there as
 * where it started, so the stress still cannot grow, and half the iterations are enough. Without the scale, a map of the
 * right form and the wrong size would swing between two sizes for ever.
 */
function relax(x: Float64Array, moved: Float64Array, sums: Float64Array): void {
  const scale = sums[SQUARES]! > 0 ? sums[PRODUCTS]! / sums[SQUARES]! : 1;
  for (let at = 0; at < x.length; at++) moved[at] = 2 * moved[at]! - scale * x[at]!;
}

/**
 * Minimises the stress from a start.
 *
 * @see de Leeuw, "Applications of convex analysis to multidimensional scaling", 1977; de Leeuw and Heiser,
 * "Multidimensional scaling with restrictions on the configuration", 1980, for the relaxed step.
 */
export function smacof(problem: SmacofProblem, start: Float64Array): SmacofRun {
  const { size, dimensions, pairs, maxIterations, tolerance, fitDisparities } = problem;
  const distances = fitDisparities === undefined ? pairs : new Float64Array(pairs.length);
  const targets = fitDisparities === undefined ? pairs : new Float64Array(pairs.length);
  const sums = new Float64Array(3);
  let x: Float64Array = start.slice();
  let moved: Float64Array = new Float64Array(x.length);

  const pass = (): void => {
    if (fitDisparities !== undefined) {
      measureDistances(x, size, dimensions, distances);
      fitDisparities(distances, targets);
    }
    if (dimensions === 2) pass2(x, size, targets, moved, sums);
    else passAny(x, size, dimensions, targets, moved, sums);
  };

  pass();
  let iterations = 0;
  let converged = sums[STRESS] === 0;
  while (!converged && iterations < maxIterations) {
    const before = sums[STRESS]!;
    relax(x, moved, sums);
    const former = x;
    x = moved;
    moved = former;
    iterations += 1;
    pass();
    const fall = before - sums[STRESS]!;
    converged = !(fall >= tolerance * sums[SQUARES]!) || sums[STRESS] === 0;
  }
  const stress = fitDisparities === undefined ? sums[STRESS]! : stressAtBestScale(distances, targets);
  return { coordinates: x, stress, squares: sums[SQUARES]!, iterations, converged };
}
