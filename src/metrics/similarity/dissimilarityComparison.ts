/** How alike two matrices of dissimilarities are, from the pairs below their diagonals. */
import { kendallOf, type ListOrder, listOrder } from './pairOrders.ts';

/**
 * How two matrices of dissimilarities are compared: by Pearson's, Spearman's or Kendall's correlation (τ_b) of their elements,
 * by the cosine of their elements, or by the cosine after both were centred (`'whitenedCosine'`), which undoes the correlation
 * that dissimilarities of common samples have, and which for squared Euclidean ones is linear CKA.
 */
export type DissimilarityComparison = 'pearson' | 'spearman' | 'kendall' | 'cosine' | 'whitenedCosine';

/** One matrix, and what comparisons need of it, each made once. */
export interface ComparedPairs {
  readonly pairs: Float64Array;
  readonly mean: number;
  readonly isConstant: boolean;
  /** Whether it says nothing of the samples, which all lack a direction. */
  readonly isEmpty: boolean;
  /** The mean of each sample's dissimilarities, with its own to itself, 0; where they are asked for. */
  readonly rowMeans?: Float64Array;
  /** Where ranks are asked for. */
  readonly order?: ListOrder;
}

/** Prepares a matrix for some comparisons; elements that differ by no more than their rounding are equal. */
export function comparedPairs(
  pairs: Float64Array,
  samples: number,
  comparisons: readonly DissimilarityComparison[],
  { rounding, isEmpty }: { readonly rounding: number; readonly isEmpty: boolean },
): ComparedPairs {
  const needsOrder = comparisons.includes('spearman') || comparisons.includes('kendall');
  return {
    pairs,
    mean: pairs.length === 0 ? 0 : dot(pairs, undefined, 0, 0) / pairs.length,
    isConstant: spreadOf(pairs) <= rounding,
    isEmpty,
    ...(comparisons.includes('whitenedCosine') && { rowMeans: rowMeansOf(pairs, samples) }),
    ...(needsOrder && { order: listOrder(pairs, rounding) }),
  };
}

/** The largest element less the smallest. */
function spreadOf(pairs: Float64Array): number {
  let [low, high] = [pairs[0] ?? 0, pairs[0] ?? 0];
  for (const pair of pairs) {
    low = Math.min(low, pair);
    high = Math.max(high, pair);
  }
  return high - low;
}

function rowMeansOf(pairs: Float64Array, samples: number): Float64Array {
  const means = new Float64Array(samples);
  for (let row = 1, at = 0; row < samples; row++) {
    for (let column = 0; column < row; column++, at++) {
      means[row]! += pairs[at]!;
      means[column]! += pairs[at]!;
    }
  }
  return means.map((sum) => sum / samples);
}

/** The comparison of two matrices; 0 where it is not defined. */
export function compare(x: ComparedPairs, y: ComparedPairs, by: DissimilarityComparison): number {
  if (by === 'cosine') return cosine(x.pairs, y.pairs, 0, 0);
  if (by === 'whitenedCosine') return x.isEmpty || y.isEmpty ? 0 : whitenedCosine(x, y);
  if (x.isConstant || y.isConstant) return 0;
  if (by === 'pearson') return cosine(x.pairs, y.pairs, x.mean, y.mean);
  if (by === 'kendall') return kendallOf(x.order!, y.order!) ?? 0;
  return cosine(x.order!.ranks, y.order!.ranks, 0, 0);
}

type Numbers = Float64Array | Int32Array;

/** The cosine of two lists less their means. */
function cosine(a: Numbers, b: Numbers, meanA: number, meanB: number): number {
  const [ab, aa, bb] = [dot(a, b, meanA, meanB), dot(a, a, meanA, meanA), dot(b, b, meanB, meanB)];
  if (aa === 0 || bb === 0) return 0;
  return Math.max(-1, Math.min(1, ab / Math.sqrt(aa) / Math.sqrt(bb)));
}

/**
 * Σ (a − meanA)·(b − meanB), or Σ a without b: in blocks, whose sums are added, so that rounding grows with their number and
 * not with that of the terms.
 */
function dot(a: Numbers, b: Numbers | undefined, meanA: number, meanB: number): number {
  let total = 0;
  for (let start = 0; start < a.length; start += 4096) {
    const end = Math.min(a.length, start + 4096);
    let sum = 0;
    if (b === undefined) for (let index = start; index < end; index++) sum += a[index]!;
    else for (let index = start; index < end; index++) sum += (a[index]! - meanA) * (b[index]! - meanB);
    total += sum;
  }
  return total;
}

/** The cosine of HDH and HEH with H = I − 11ᵀ/n: doubly centred matrices D and E. */
function whitenedCosine(x: ComparedPairs, y: ComparedPairs): number {
  const [xy, xx, yy] = [centredProduct(x, y), centredProduct(x, x), centredProduct(y, y)];
  if (!(xx > 0 && yy > 0)) return 0;
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx) / Math.sqrt(yy)));
}

/** Σ over all i, j of (HDH)ᵢⱼ·(HEH)ᵢⱼ. */
function centredProduct(x: ComparedPairs, y: ComparedPairs): number {
  const [meansX, meansY] = [x.rowMeans!, y.rowMeans!];
  const samples = meansX.length;
  const meanOf = (means: Float64Array): number => means.reduce((sum, mean) => sum + mean, 0) / samples;
  const [meanX, meanY] = [meanOf(meansX), meanOf(meansY)];
  let total = 0;
  for (let row = 0, at = 0; row < samples; row++) {
    let sum = 0;
    const [ownX, ownY] = [meanX - meansX[row]!, meanY - meansY[row]!];
    for (let column = 0; column < row; column++, at++) {
      sum += (x.pairs[at]! + ownX - meansX[column]!) * (y.pairs[at]! + ownY - meansY[column]!);
    }
    total += 2 * sum + (ownX - meansX[row]!) * (ownY - meansY[row]!);
  }
  return total;
}

/** The same matrix with its samples in another order: sample i is the one that was `order[i]`. */
export function reorderedPairs<List extends Float64Array | Int32Array>(pairs: List, order: Int32Array): List {
  const reordered = pairs.slice() as List;
  for (let row = 1, at = 0; row < order.length; row++) {
    for (let column = 0; column < row; column++, at++) {
      const [one, other] = [order[row]!, order[column]!];
      reordered[at] = one > other ? pairs[(one * (one - 1)) / 2 + other]! : pairs[(other * (other - 1)) / 2 + one]!;
    }
  }
  return reordered;
}
