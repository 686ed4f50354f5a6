import { type CkaOptions, ckaSettings } from './ckaOptions.ts';
import { type CkaResult, ckaSimilarity } from './ckaSimilarity.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { SimilarityMetric } from './pairSimilarity.ts';

/**
 * Centred kernel alignment: how alike two sets of activations of the same samples are, in [0, 1], whatever rotation,
 * reflection or overall scale lies between them.
 *
 * Linear: |XᵀY|²/(|XᵀX|·|YᵀY|) with centred columns. Debiased: the same ratio of unbiased HSICs (zero-diagonal,
 * U-centred Gram matrices), which stays near 0 for unrelated activations even where samples are fewer than features;
 * there the biased value nears 1. The result holds both.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ. The linear form streams and merges
 * exactly; the RBF kernel takes one batch, or `minibatch: true`.
 *
 * The result says what chance would give: `expected` and `standardDeviation` of `value` over all ways to match the samples of
 * one set with those of the other, exactly and at no cost, and how far from there the value lies, `z`.
 *
 * @returns `{ value, biased, debiased, expected, standardDeviation, z, samples, status }`; constant activations have a status,
 *   not NaN.
 * @throws RangeError for NaN or infinite activations, TypeError for different numbers of samples.
 * @example
 * const { value, debiased } = measure(cka(), { x: studentFeatures, y: teacherFeatures });
 * @see Kornblith et al., "Similarity of Neural Network Representations Revisited", 2019; Nguyen, Raghu and Kornblith,
 * "Do Wide and Deep Networks Learn the Same Things?", 2021, for the unbiased and the minibatch form.
 */
// @__NO_SIDE_EFFECTS__
export function cka(options: CkaOptions = {}): SimilarityMetric<CkaResult> {
  const settings = ckaSettings('cka', options);
  return { name: 'cka', reference: cka, options: settings, ...twoSetMethods(ckaSimilarity('cka', settings)) };
}
