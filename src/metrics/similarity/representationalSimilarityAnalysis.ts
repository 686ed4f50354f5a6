import { rangeError } from '../../check.ts';
import { list, readOptions, word } from '../../options.ts';
import { type ActivationStatus, activationStatus, withStatusExchanged } from './activationStatus.ts';
import {
  type ComparedPairs,
  compare,
  comparedPairs,
  type DissimilarityComparison,
  reorderedPairs,
} from './dissimilarityComparison.ts';
import { dissimilarityPairs, lackDirection, pairRounding, type SampleDissimilarity } from './dissimilarityPairs.ts';
import { checkExtentsKept, keptRows } from './keptRows.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { Extents, PairSimilarity, PairStatistics, SetStatistics, SimilarityMetric } from './pairSimilarity.ts';

/** Options of `representationalSimilarityAnalysis`. */
export interface RepresentationalSimilarityAnalysisOptions {
  /** How unlike samples of one set are; the first one gives `value`. Default `['correlation', 'squaredEuclidean']`. */
  readonly dissimilarities?: readonly SampleDissimilarity[];
  /**
   * How the dissimilarities of both sets are compared; the first one gives `value`. Default
   * `['spearman', 'pearson', 'cosine', 'kendall', 'whitenedCosine']`. Ranks take the most time, Kendall's first of all.
   */
  readonly comparisons?: readonly DissimilarityComparison[];
}

/** Comparisons of the matrices of one kind of dissimilarity: those that were asked for, each in [−1, 1]. */
export type DissimilarityComparisons = Readonly<Partial<Record<DissimilarityComparison, number>>>;

/** What `representationalSimilarityAnalysis` returns: beside the rest, the comparisons by each kind of dissimilarity. */
export interface RepresentationalSimilarityAnalysisResult
  extends Readonly<Partial<Record<SampleDissimilarity, DissimilarityComparisons>>> {
  /** The first comparison of the first dissimilarity; 0 where it is not defined. */
  readonly value: number;
  /** Pairs of samples, n(n − 1)/2. */
  readonly pairs: number;
  readonly samples: number;
  /**
   * `'constantX'`, `'constantY'`, `'constantBoth'`: all pairs of samples are equally unlike, by the first dissimilarity and to
   * rounding, so that no correlation is defined; those are 0. Both cosines are defined, unless
   * all samples are equal.
   */
  readonly status: ActivationStatus;
}

/** The comparisons' most samples: matrices and ranks of one set then take half a gigabyte. */
const mostSamples = 4096;

type Settings = Required<RepresentationalSimilarityAnalysisOptions>;

/** What is needed of one set: a matrix for each kind of dissimilarity. */
type Matrices = readonly ComparedPairs[];

function checkSamples(where: string, samples: number): void {
  if (samples <= mostSamples) return;
  throw rangeError(where, 'number of samples', `at most ${mostSamples}`, samples, 'Take a random part of the samples.');
}

function matricesOf(
  where: string,
  { samples, statistics }: Omit<SetStatistics, 'summary'>,
  { dissimilarities, comparisons }: Settings,
): Matrices {
  checkSamples(where, samples);
  const rows = statistics.rows!;
  return dissimilarities.map((kind) => {
    const pairs = dissimilarityPairs(rows, kind);
    return comparedPairs(pairs, samples, comparisons, {
      rounding: pairRounding(pairs, rows.shape[1]!, kind),
      isEmpty: lackDirection(rows, kind),
    });
  });
}

function analysisOf(
  { samples, x, y }: PairStatistics<Matrices>,
  { dissimilarities, comparisons }: Settings,
): RepresentationalSimilarityAnalysisResult {
  const compared = dissimilarities.map((kind, index) => {
    const [own, other] = [x.summary[index]!, y.summary[index]!];
    return [kind, Object.fromEntries(comparisons.map((by) => [by, compare(own, other, by)]))] as const;
  });
  const [first, second] = [x.summary[0]!, y.summary[0]!];
  return {
    value: compared[0]![1][comparisons[0]!]!,
    ...Object.fromEntries(compared),
    pairs: first.pairs.length,
    samples,
    status: activationStatus(first.isConstant, second.isConstant),
  };
}

/** A matrix with its samples in another order. */
function reordered(matrix: ComparedPairs, order: Int32Array): ComparedPairs {
  const { pairs, rowMeans, order: list } = matrix;
  return {
    ...matrix,
    pairs: reorderedPairs(pairs, order),
    ...(rowMeans && { rowMeans: rowMeans.map((_, row) => rowMeans[order[row]!]!) }),
    ...(list && { order: { ...list, ranks: reorderedPairs(list.ranks, order) } }),
  };
}

/**
 * Representational similarity analysis: how unlike each sample is to each other, in x and in y, and how alike both tables of
 * dissimilarities are. Of each the pairs below the diagonal count.
 *
 * Dissimilarities: 1 − Pearson's correlation of two samples' features, their squared Euclidean distance, 1 − their cosine.
 * Comparisons: Pearson's, Spearman's and Kendall's correlation (τ_b), the cosine, and the whitened cosine, which for squared
 * distances is linear CKA. The result holds each comparison by each dissimilarity, `result.correlation.spearman`.
 *
 * Inputs: `x` and `y`, [n, …] with at most 4096 samples; axes after the first are flattened, widths may differ. It streams and
 * merges exactly. Samples of one batch are compared with another's, so the state keeps the activations of both sets, at most
 * 2²⁶ numbers each; dissimilarities are taken in float64 on the host at the end, on every backend.
 *
 * @returns `{ value, correlation, squaredEuclidean, pairs, samples, status }`, as the options ask.
 * @throws RangeError for NaN or infinite activations, and for more than 4096 samples.
 * @example
 * const { value, correlation } = measure(representationalSimilarityAnalysis(), { x: studentFeatures, y: teacherFeatures });
 * correlation?.spearman === value; // true
 * @see Kriegeskorte, Mur and Bandettini, "Representational similarity analysis", 2008; Diedrichsen et al., "Comparing
 * representational geometries using whitened unbiased-distance-matrix similarity", 2021, for the whitened cosine.
 */
// @__NO_SIDE_EFFECTS__
export function representationalSimilarityAnalysis(
  options: RepresentationalSimilarityAnalysisOptions = {},
): SimilarityMetric<RepresentationalSimilarityAnalysisResult> {
  const name = 'representationalSimilarityAnalysis';
  const settings = readOptions(name, options, {
    dissimilarities: choices(['correlation', 'squaredEuclidean', 'cosine'], ['correlation', 'squaredEuclidean']),
    comparisons: choices(
      ['spearman', 'pearson', 'cosine', 'kendall', 'whitenedCosine'],
      ['spearman', 'pearson', 'cosine', 'kendall', 'whitenedCosine'],
    ),
  });
  const form = keptRows(name);
  const checkExtents = (extents: Extents): void => {
    checkSamples(name, extents.samples);
    checkExtentsKept(name, extents);
  };
  const similarity: PairSimilarity<RepresentationalSimilarityAnalysisResult, object, Matrices> = {
    name,
    kind: 'similarity',
    leastSamples: 1,
    settings,
    forms: [form],
    choose(extents) {
      checkExtents(extents);
      return form;
    },
    summarize: (set) => matricesOf(name, set, settings),
    finish: (pair) => analysisOf(pair, settings),
    mirror: withStatusExchanged,
    rematch: {
      form,
      check: checkExtents,
      matchingsOf({ x, y }) {
        const [own, other, by] = [x.summary[0]!, y.summary[0]!, settings.comparisons[0]!];
        return { valueFor: (order) => compare(own, reordered(other, order), by) };
      },
    },
  };
  return { name, reference: representationalSimilarityAnalysis, options: settings, ...twoSetMethods(similarity) };
}

/** The reader of a list of different words, at least one. */
function choices<const Word extends string>(words: readonly Word[], fallback: readonly NoInfer<Word>[]) {
  const read = list(word(words), { least: 1, distinct: true });
  return (where: string, name: string, given: unknown): readonly Word[] =>
    given === undefined ? fallback : read(where, name, given);
}
