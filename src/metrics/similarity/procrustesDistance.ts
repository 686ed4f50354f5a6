import { checkOptions, kindError } from '../../check.ts';
import { matrixOf, singularValues } from './canonicalCorrelations.ts';
import { type ActivationStatus, activationStatus, crossProductSimilarity } from './crossProductSimilarity.ts';
import { traceOf } from './crossProducts.ts';
import { type PairStatistics, type SimilarityMetric, twoSetMethods } from './pairSimilarity.ts';

/** Options of `procrustesDistance`. */
export interface ProcrustesDistanceOptions {
  /** Whether both sets are first scaled to a Frobenius norm of 1. Default true; else the distance has the sets' units. */
  readonly normalize?: boolean;
}

/** What `procrustesDistance` returns. */
export interface ProcrustesDistanceResult {
  /** The distance, in [0, √2] where normalised; 0 there if a set is constant. */
  readonly value: number;
  /** The nuclear norm of XᵀY over the norms of both sets, in [0, 1]: 1 where a rotation and a scale lie between them. */
  readonly similarity: number;
  readonly samples: number;
  /** `'constantX'`, `'constantY'`, `'constantBoth'`: all samples are equal, so there is no form to compare. */
  readonly status: ActivationStatus;
}

function distanceOf(pair: PairStatistics, normalize: boolean): ProcrustesDistanceResult {
  const { samples, x, y, xy } = pair;
  const status = activationStatus(pair);
  const [squareX, squareY] = [traceOf(x.products!), traceOf(y.products!)];
  if (status !== 'ok') return { value: normalize ? 0 : Math.sqrt(squareX + squareY), similarity: 0, samples, status };
  const nuclear = singularValues(matrixOf(xy.products!)).reduce((sum, value) => sum + value, 0);
  const similarity = Math.min(1, nuclear / Math.sqrt(squareX) / Math.sqrt(squareY));
  const square = normalize ? 2 - 2 * similarity : squareX + squareY - 2 * nuclear;
  return { value: Math.sqrt(Math.max(0, square)), similarity, samples, status };
}

/**
 * Orthogonal Procrustes distance: what is left between two sets of activations after the best rotation and reflection,
 * min over orthogonal Q of |X − YQ|, both centred and scaled to norm 1: √(2 − 2·|XᵀY|₊) with the nuclear norm |·|₊.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened; the narrower set counts as filled up with zeros, at
 * most 4096 features each. It streams and merges exactly; the decomposition is done on the host at the end. It is a
 * metric in the strict sense, so `multidimensionalScaling` takes a matrix of it as it is.
 *
 * @returns `{ value, similarity, samples, status }`.
 * @throws RangeError for NaN or infinite activations.
 * @example
 * const { value } = measure(procrustesDistance(), { x: studentFeatures, y: teacherFeatures });
 * @see Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966; Williams et al., "Generalized
 * shape metrics on neural representations", 2021.
 */
// @__NO_SIDE_EFFECTS__
export function procrustesDistance(
  options: ProcrustesDistanceOptions = {},
): SimilarityMetric<ProcrustesDistanceResult> {
  checkOptions('procrustesDistance', options, ['normalize']);
  const { normalize = true } = options;
  if (typeof normalize !== 'boolean') throw kindError('procrustesDistance', 'normalize', 'true or false', normalize);
  const exchanged = { ok: 'ok', constantBoth: 'constantBoth', constantX: 'constantY', constantY: 'constantX' } as const;
  const similarity = crossProductSimilarity(
    'procrustesDistance',
    'distance',
    (pair) => distanceOf(pair, normalize),
    (result) => ({ ...result, status: exchanged[result.status] }),
  );
  return {
    name: 'procrustesDistance',
    reference: procrustesDistance,
    statisticsReference: crossProductSimilarity,
    options: { normalize },
    ...twoSetMethods(similarity),
  };
}
