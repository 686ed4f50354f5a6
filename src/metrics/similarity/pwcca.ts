import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import { singularDecomposition } from '../../algebra/singularValues.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { readOptions, within, word } from '../../options.ts';
import { withStatusExchanged } from './activationStatus.ts';
import { type CorrelationStatus, correlationStatus } from './canonicalCorrelations.ts';
import { crossProducts } from './crossProducts.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { PairForm, PairSimilarity, PairStatistics, SetStatistics, SimilarityMetric } from './pairSimilarity.ts';
import { directionCosines, type PrincipalDirections, principalDirections } from './principalDirections.ts';
import { type PrincipalFormOptions, principalForm, principalForms, rematchedDirections } from './principalForms.ts';
import { type FeatureLoadings, tiedWeights } from './tiedWeights.ts';

/**
 * Which set's features say how much a canonical correlation counts; literature and code differ.
 *
 * - `'x'`: those of x, as the measure is defined; not symmetric.
 * - `'smaller'`: those of the set with fewer directions (x where they are as many), as the authors' code takes them.
 * - `'mean'`: the mean of what x's and what y's give, which is symmetric.
 */
export type PwccaConvention = 'x' | 'smaller' | 'mean';

/** Options of `pwcca`. */
export interface PwccaOptions extends PrincipalFormOptions {
  /** Whose features weigh. Default `'x'`. */
  readonly convention?: PwccaConvention;
  /** Directions whose variance is below this share of the largest are left out. Default 1e-6. */
  readonly tolerance?: number;
}

/** What `pwcca` returns. */
export interface PwccaResult {
  /** The weighted mean of `canonicalCorrelations`, by the convention; in [0, 1], and 0 where a set is constant. */
  readonly value: number;
  /** The mean with weights from x's features, and the one with weights from y's. */
  readonly weightedByX: number;
  readonly weightedByY: number;
  /** One for each direction of the set that has fewer, descending. */
  readonly canonicalCorrelations: readonly number[];
  /** The mean of their squares: R²_CCA. */
  readonly meanSquared: number;
  /** Directions of x that took part. */
  readonly directionsX: number;
  readonly directionsY: number;
  readonly samples: number;
  /** See `meanCca`. */
  readonly status: CorrelationStatus;
}

/** The directions of one set, and its features in them. */
type Loadings = PrincipalDirections & FeatureLoadings;

/** The form for few samples of many features: beside the Gram matrix the features themselves, which weigh. */
const featureGram: PairForm = {
  name: 'gram',
  sets: {
    gram: { shape: ['samples', 'samples'], degree: 2 },
    centred: { shape: ['samples', 'features'], degree: 1 },
  },
  pairs: {},
  represent(backend, activations) {
    const { centred } = centredSamples(backend, activations);
    return { statistics: { gram: backend.matMul(centred, centred, { transposeB: true }), centred }, working: {} };
  },
  relate: () => ({}),
  ofItself: () => ({}),
};

function loadingsOf(set: Omit<SetStatistics, 'summary'>, form: PairForm, tolerance: number): Loadings {
  const directions = principalDirections(set, form, { tolerance, variance: 1 });
  const { variances, vectors, extent } = directions;
  if (form.name === crossProducts.name) {
    // uᵀX of X = Σ √λ_k·u_k·v_kᵀ.
    const loadings = vectors.map((value, index) => Math.sqrt(variances[Math.floor(index / extent)]!) * value);
    return { ...directions, loadings, features: extent };
  }
  const { data, shape } = set.statistics.centred!;
  const features = shape[1]!;
  const [own, samples] = [strided(vectors, extent), strided(data, features)];
  return {
    ...directions,
    loadings: product(own, samples, variances.length, extent, features, false, roomFor),
    features,
  };
}

/**
 * The mean of correlations, weighted by Σⱼ|⟨hᵢ, xⱼ⟩| over the features, hᵢ the canonical variables [values, directions]. Those of
 * tied correlations share their weight: see `tiedWeights`.
 */
function weightedMean(correlations: readonly number[], turns: Float64Array, set: Loadings): number {
  const weights = tiedWeights(correlations, turns, set);
  const total = weights.reduce((soFar, weight) => soFar + weight, 0);
  return correlations.reduce((soFar, correlation, index) => soFar + weights[index]! * correlation, 0) / total;
}

function valueBy(convention: PwccaConvention, result: Omit<PwccaResult, 'value'>): number {
  const { weightedByX, weightedByY, directionsX, directionsY } = result;
  if (convention === 'mean') return (weightedByX + weightedByY) / 2;
  return convention === 'smaller' && directionsY < directionsX ? weightedByY : weightedByX;
}

function projectionWeighted(pair: PairStatistics<Loadings>, convention: PwccaConvention): PwccaResult {
  const { samples, x, y } = pair;
  const [directionsX, directionsY] = [x.summary.variances.length, y.summary.variances.length];
  const known = { directionsX, directionsY, samples, status: correlationStatus(directionsX, directionsY, samples) };
  if (directionsX === 0 || directionsY === 0) {
    return { value: 0, weightedByX: 0, weightedByY: 0, canonicalCorrelations: [], meanSquared: 0, ...known };
  }
  const { values, left, right } = singularDecomposition(directionCosines(pair), directionsX, directionsY);
  const canonicalCorrelations = Array.from(values, (value) => Math.min(1, value));
  const result = {
    weightedByX: weightedMean(canonicalCorrelations, left, x.summary),
    weightedByY: weightedMean(canonicalCorrelations, right, y.summary),
    canonicalCorrelations,
    meanSquared: canonicalCorrelations.reduce((sum, value) => sum + value * value, 0) / canonicalCorrelations.length,
    ...known,
  };
  return { value: valueBy(convention, result), ...result };
}

/**
 * Projection-weighted canonical correlation: the mean canonical correlation ρᵢ of two sets of activations, in which each counts
 * for how much of the activations its direction holds,
 *
 *     Σ αᵢ·ρᵢ/Σ αᵢ,   αᵢ = Σⱼ |⟨hᵢ, xⱼ⟩|
 *
 * with hᵢ the canonical variables of x, unit vectors over the samples, and xⱼ its centred features. Where correlations tie (1 for
 * every direction that both sets span), any rotation of their variables serves as well and would weigh otherwise: each of them then
 * has the mean weight over all rotations. It asks how much of x is found in y, so it changes when both are exchanged; `convention` says whose features weigh. Only as many directions count as
 * the narrower set has: code that spreads the weights over all directions of the wider one depends on a basis that nothing
 * determines.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ. By features it streams and merges
 * exactly; few samples of many features are taken in one go (`form`), with a state that holds them. The decompositions are
 * done on the host at the end.
 *
 * @returns `{ value, weightedByX, weightedByY, canonicalCorrelations, meanSquared, directionsX, directionsY, samples, status }`.
 * @throws RangeError for NaN or infinite activations.
 * @example
 * const { value, weightedByY } = measure(pwcca(), { x: studentFeatures, y: teacherFeatures });
 * @see Morcos, Raghu and Bengio, "Insights on representational similarity in neural networks with canonical correlation", 2018.
 */
// @__NO_SIDE_EFFECTS__
export function pwcca(options: PwccaOptions = {}): SimilarityMetric<PwccaResult> {
  const settings = readOptions('pwcca', options, {
    convention: word(['x', 'smaller', 'mean'], 'x'),
    tolerance: within(0, 1, 1e-6),
    ...principalForm(),
  });
  const { convention, tolerance, form } = settings;
  const finish = (pair: PairStatistics<Loadings>): PwccaResult => projectionWeighted(pair, convention);
  const similarity: PairSimilarity<PwccaResult, object, Loadings> = {
    name: 'pwcca',
    kind: 'similarity',
    settings,
    ...principalForms('pwcca', form, { bySamples: featureGram }),
    summarize: (set, used) => loadingsOf(set, used, tolerance),
    finish,
    mirror(result) {
      const { weightedByX, weightedByY, directionsX, directionsY } = result;
      const exchanged = {
        ...withStatusExchanged(result),
        weightedByX: weightedByY,
        weightedByY: weightedByX,
        directionsX: directionsY,
        directionsY: directionsX,
      };
      return { ...exchanged, value: valueBy(convention, exchanged) };
    },
    rematch: rematchedDirections('pwcca', finish, featureGram),
  };
  return { name: 'pwcca', reference: pwcca, options: settings, ...twoSetMethods(similarity) };
}
