import { checkOptions, checkWithin } from '../../check.ts';
import {
  type CanonicalCorrelationResult,
  canonicalCorrelations,
  mirroredCorrelations,
} from './canonicalCorrelations.ts';
import { crossProductSimilarity } from './crossProductSimilarity.ts';
import { type SimilarityMetric, twoSetMethods } from './pairSimilarity.ts';

/** Options of `meanCca`. */
export interface MeanCcaOptions {
  /**
   * Directions whose variance is below this share of the largest are left out: rank-deficient activations have some that
   * hold rounding alone. Default 1e-6.
   */
  readonly tolerance?: number;
}

/**
 * Mean canonical correlation: how well the directions of two sets of activations can be matched by linear maps of each,
 * in [0, 1]. 1 − `value` is the distance.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ, at most 4096 each. It streams and
 * merges exactly; the decompositions are done on the host at the end. Unchanged by every invertible linear map of a set
 * that does not push directions below the tolerance.
 *
 * @returns `{ value, correlations, directionsX, directionsY, samples, status }`.
 * @throws RangeError for NaN or infinite activations.
 * @example
 * const { value, correlations } = measure(meanCca(), { x: studentFeatures, y: teacherFeatures });
 * @see Hotelling, "Relations between two sets of variates", 1936; Kornblith et al., 2019, equation 6.
 */
// @__NO_SIDE_EFFECTS__
export function meanCca(options: MeanCcaOptions = {}): SimilarityMetric<CanonicalCorrelationResult> {
  checkOptions('meanCca', options, ['tolerance']);
  const { tolerance = 1e-6 } = options;
  checkWithin('meanCca', 'tolerance', tolerance, 0, 1);
  const similarity = crossProductSimilarity(
    'meanCca',
    'similarity',
    (pair) => canonicalCorrelations(pair, { tolerance, variance: 1 }),
    mirroredCorrelations,
  );
  return {
    name: 'meanCca',
    reference: meanCca,
    statisticsReference: crossProductSimilarity,
    options: { tolerance },
    ...twoSetMethods(similarity),
  };
}
