import { unitFactorOf } from '../../ops/unitFactor.ts';

/** Products of four weights below it, and of their inverses, are numbers. */
const most = 2 ** 200;

/**
 * Weights for a number that does not depend on their unit: as they are, or, where products of them would leave the range of
 * numbers, times a power of two that rounds nothing.
 */
export function ordinaryWeights(weights: Float64Array): Float64Array {
  const largest = weights.reduce((soFar, weight) => Math.max(soFar, weight), 0);
  if (largest <= most && largest >= 1 / most) return weights;
  const unit = unitFactorOf(weights);
  return weights.map((weight) => weight * unit);
}
