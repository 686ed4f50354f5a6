import { readOptions, within } from '../../options.ts';
import { type CanonicalCorrelationResult, canonicalSimilarity } from './canonicalCorrelations.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { SimilarityMetric } from './pairSimilarity.ts';
import { type PrincipalFormOptions, principalForm } from './principalForms.ts';

/** Options of `meanCca`. */
export interface MeanCcaOptions extends PrincipalFormOptions {
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
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ. By features it streams and merges
 * exactly; few samples of many features are taken in one go (`form`). The decompositions are done on the host at the end.
 * Unchanged by every invertible linear map of a set
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
  const settings = readOptions('meanCca', options, { tolerance: within(0, 1, 1e-6), ...principalForm() });
  return {
    name: 'meanCca',
    reference: meanCca,
    options: settings,
    ...twoSetMethods(canonicalSimilarity('meanCca', { ...settings, variance: 1 })),
  };
}
