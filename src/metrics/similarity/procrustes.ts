import { readOptions } from '../../options.ts';
import { type ActivationStatus, withStatusExchanged } from './activationStatus.ts';
import { alignedDistance, alignedShapes, type Shape, shapeOf } from './alignedShapes.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { PairSimilarity, PairStatistics, SimilarityMetric } from './pairSimilarity.ts';
import { type PrincipalFormOptions, principalForm, principalForms, rematchedDirections } from './principalForms.ts';
import { shapeProducts } from './shapeProducts.ts';
import { keepsSamples } from './shapeResidual.ts';

/** Options of `procrustes`. */
export interface ProcrustesOptions extends PrincipalFormOptions {}

/** What `procrustes` returns, with ν the nuclear norm of XᵀY where both sets are centred and have norm 1. */
export interface ProcrustesResult {
  /** `angular`. */
  readonly value: number;
  /** The angle between both shapes after the best rotation, arccos ν, in [0, π/2]; 0 where undefined. */
  readonly angular: number;
  /** √(2 − 2ν), in [0, √2]: `procrustesDistance`. 0 where undefined. */
  readonly distance: number;
  /** 2 − 2ν, in [0, 2]; 0 where undefined. */
  readonly squared: number;
  /** ν, the normalised Bures similarity, in [0, 1]: 1 where a rotation and a scale lie between both. 0 where undefined. */
  readonly normalizedBuresSimilarity: number;
  /** √(|X|² + |Y|² − 2|XᵀY|₊), the Bures distance of both Gram matrices, in the units of the centred activations. */
  readonly bures: number;
  readonly samples: number;
  /** `'constantX'`, `'constantY'`, `'constantBoth'`: all samples are equal, so there is no shape to compare. */
  readonly status: ActivationStatus;
}

function shapeDistances(pair: PairStatistics<Shape>): ProcrustesResult {
  const shapes = alignedShapes(pair);
  const { similarity, squared, status } = shapes;
  // The arc of the chord: an arccos near 1 would lose half of what digits there are.
  const angular = 2 * Math.asin(Math.sqrt(squared) / 2);
  return {
    value: angular,
    angular,
    distance: Math.sqrt(squared),
    squared,
    normalizedBuresSimilarity: similarity,
    bures: alignedDistance(shapes),
    samples: pair.samples,
    status,
  };
}

/**
 * Distances between the shapes of two sets of activations: what is left between them after the best rotation and reflection,
 * as an angle, as a chord, and in the activations' own units.
 *
 * Both sets are centred; with ν = |XᵀY|₊/(|X||Y|), the nuclear norm |·|₊, the angle is arccos ν and the chord √(2 − 2ν). ν is
 * also the normalised Bures similarity (the fidelity) of both Gram matrices, and √(|X|² + |Y|² − 2|XᵀY|₊) their Bures distance,
 * which sees differences of scale. Angle, chord and Bures distance are metrics in the strict sense, so that
 * `multidimensionalScaling` takes matrices of them as they are.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened; the narrower set counts as filled up with zeros. By
 * features it streams and merges exactly; few samples of many features are taken in one go (`form`). The decomposition is
 * done on the host at the end. Where nearly nothing lies between both shapes it is taken from the samples, of one batch of at
 * most 2²² numbers; in a stream, and beyond, an angle is known to the root of rounding, some 1e-8 in float64.
 *
 * @returns `{ value, angular, distance, squared, normalizedBuresSimilarity, bures, samples, status }`.
 * @throws RangeError for NaN or infinite activations.
 * @example
 * const { angular, bures } = measure(procrustes(), { x: studentFeatures, y: teacherFeatures });
 * @see Williams et al., "Generalized shape metrics on neural representations", 2021; Harvey, Larsen and Williams, "Duality of
 * Bures and shape distances with implications for comparing neural representations", 2023.
 */
// @__NO_SIDE_EFFECTS__
export function procrustes(options: ProcrustesOptions = {}): SimilarityMetric<ProcrustesResult> {
  const settings = readOptions('procrustes', options, principalForm());
  const similarity: PairSimilarity<ProcrustesResult, object, Shape> = {
    name: 'procrustes',
    kind: 'distance',
    settings,
    ...principalForms('procrustes', settings.form, { byFeatures: shapeProducts }),
    keeps: keepsSamples,
    summarize: shapeOf,
    finish: shapeDistances,
    mirror: withStatusExchanged,
    rematch: rematchedDirections('procrustes', shapeDistances),
  };
  return { name: 'procrustes', reference: procrustes, options: settings, ...twoSetMethods(similarity) };
}
