import { rangeError } from '../../check.ts';
import { readOptions, within } from '../../options.ts';
import { type CanonicalCorrelationResult, canonicalSimilarity } from './canonicalCorrelations.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { SimilarityMetric } from './pairSimilarity.ts';
import { type PrincipalFormOptions, principalForm } from './principalForms.ts';

/** Options of `svcca`. */
export interface SvccaOptions extends PrincipalFormOptions {
  /** The share of each set's variance that its leading directions must hold, in (0, 1]. Default 0.99. */
  readonly variance?: number;
  /** Directions whose variance is below this share of the largest are left out in any case. Default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Singular vector canonical correlation: the mean canonical correlation between the leading principal directions of two
 * sets of activations, those that hold 99 % of the variance, in [0, 1]. 1 − `value` is the distance.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ. By features it streams and merges
 * exactly; few samples of many features are taken in one go (`form`). The decompositions are done on the host at the end.
 *
 * @returns `{ value, correlations, directionsX, directionsY, samples, status }`.
 * @throws RangeError for NaN or infinite activations, and for a share of variance outside (0, 1].
 * @example
 * const { value, directionsX } = measure(svcca(), { x: studentFeatures, y: teacherFeatures });
 * @see Raghu et al., "SVCCA: singular vector canonical correlation analysis", 2017.
 */
// @__NO_SIDE_EFFECTS__
export function svcca(options: SvccaOptions = {}): SimilarityMetric<CanonicalCorrelationResult> {
  const settings = readOptions('svcca', options, {
    variance: within(0, 1, 0.99),
    tolerance: within(0, 1, 1e-6),
    ...principalForm(),
  });
  if (settings.variance === 0) throw rangeError('svcca', 'variance', 'greater than 0', settings.variance);
  return {
    name: 'svcca',
    reference: svcca,
    options: settings,
    ...twoSetMethods(canonicalSimilarity('svcca', settings)),
  };
}
