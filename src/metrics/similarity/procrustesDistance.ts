import { flag, readOptions } from '../../options.ts';
import { type ActivationStatus, withStatusExchanged } from './activationStatus.ts';
import { alignedDistance, alignedShapes, type Shape, shapeOf } from './alignedShapes.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { PairSimilarity, PairStatistics, SimilarityMetric } from './pairSimilarity.ts';
import { type PrincipalFormOptions, principalForm, principalForms, rematchedDirections } from './principalForms.ts';
import { shapeProducts } from './shapeProducts.ts';
import { keepsSamples } from './shapeResidual.ts';

/** Options of `procrustesDistance`. */
export interface ProcrustesDistanceOptions extends PrincipalFormOptions {
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

/**
 * Orthogonal Procrustes distance: what is left between two sets of activations after the best rotation and reflection,
 * min over orthogonal Q of |X − YQ|, both centred and scaled to norm 1: √(2 − 2·|XᵀY|₊) with the nuclear norm |·|₊.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened; the narrower set counts as filled up with zeros. By
 * features it streams and merges exactly; few samples of many features are taken in one go (`form`). The decomposition is
 * done on the host at the end. Where nearly nothing lies between both sets it is taken from the samples, of one batch of at most
 * 2²² numbers; in a stream, and beyond, such a distance is known to the root of rounding, some 1e-8 in float64. It is a metric in the strict sense, so `multidimensionalScaling` takes a matrix of it as it is.
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
  const settings = readOptions('procrustesDistance', options, { normalize: flag(true), ...principalForm() });
  const finish = (pair: PairStatistics<Shape>): ProcrustesDistanceResult => {
    const shapes = alignedShapes(pair);
    const { similarity, squared, status } = shapes;
    const value = settings.normalize ? Math.sqrt(squared) : alignedDistance(shapes);
    return { value, similarity, samples: pair.samples, status };
  };
  const similarity: PairSimilarity<ProcrustesDistanceResult, object, Shape> = {
    name: 'procrustesDistance',
    kind: 'distance',
    settings,
    ...principalForms('procrustesDistance', settings.form, { byFeatures: shapeProducts }),
    keeps: keepsSamples,
    summarize: shapeOf,
    finish,
    mirror: withStatusExchanged,
    rematch: rematchedDirections('procrustesDistance', finish),
  };
  return {
    name: 'procrustesDistance',
    reference: procrustesDistance,
    options: settings,
    ...twoSetMethods(similarity),
  };
}
