import { checkOptions, checkWithin, rangeError } from '../../check.ts';
import {
  type CanonicalCorrelationResult,
  canonicalCorrelations,
  mirroredCorrelations,
} from './canonicalCorrelations.ts';
import { crossProductSimilarity } from './crossProductSimilarity.ts';
import { type SimilarityMetric, twoSetMethods } from './pairSimilarity.ts';

/** Options of `svcca`. */
export interface SvccaOptions {
  /** The share of each set's variance that its leading directions must hold, in (0, 1]. Default 0.99. */
  readonly variance?: number;
  /** Directions whose variance is below this share of the largest are left out in any case. Default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Singular vector canonical correlation: the mean canonical correlation between the leading principal directions of two
 * sets of activations, those that hold 99 % of the variance, in [0, 1]. 1 − `value` is the distance.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ, at most 4096 each. It streams and
 * merges exactly; the decompositions are done on the host at the end.
 *
 * @returns `{ value, correlations, directionsX, directionsY, samples, status }`.
 * @throws RangeError for NaN or infinite activations, and for a share of variance outside (0, 1].
 * @example
 * const { value, directionsX } = measure(svcca(), { x: studentFeatures, y: teacherFeatures });
 * @see Raghu et al., "SVCCA: singular vector canonical correlation analysis", 2017.
 */
// @__NO_SIDE_EFFECTS__
export function svcca(options: SvccaOptions = {}): SimilarityMetric<CanonicalCorrelationResult> {
  checkOptions('svcca', options, ['variance', 'tolerance']);
  const { variance = 0.99, tolerance = 1e-6 } = options;
  checkWithin('svcca', 'variance', variance, 0, 1);
  if (variance === 0) throw rangeError('svcca', 'variance', 'greater than 0', variance);
  checkWithin('svcca', 'tolerance', tolerance, 0, 1);
  const similarity = crossProductSimilarity(
    'svcca',
    'similarity',
    (pair) => canonicalCorrelations(pair, { tolerance, variance }),
    mirroredCorrelations,
  );
  return {
    name: 'svcca',
    reference: svcca,
    statisticsReference: crossProductSimilarity,
    options: { variance, tolerance },
    ...twoSetMethods(similarity),
  };
}
