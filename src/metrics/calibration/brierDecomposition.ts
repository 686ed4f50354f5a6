import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics } from '../../metricState.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { asGiven, readOptions, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { boundsOf, classwiseSums } from './binSums.ts';
import { type BinEdges, type CalibrationBin, readBoundaries, tabulate } from './binTable.ts';
import type { CalibrationStatistic } from './calibrationError.ts';
import { isSingle } from './confidenceColumns.ts';
import { checkOneScore, scoreInputs } from './scoreInputs.ts';

/** Options of `brierDecomposition`. */
export interface BrierDecompositionOptions extends RowMetricOptions {
  /** The number of bins of equal width, at most 2²⁰. Default 15. */
  readonly bins?: number;
  /** Boundaries of bins in place of equal width, rising from 0 to 1. */
  readonly boundaries?: readonly number[];
  /** `'right'`: (lower, upper], the default; `'left'`: [lower, upper). */
  readonly edges?: BinEdges;
}

/** The parts of a Brier score: brier = reliability − resolution + uncertainty + withinBins. */
export interface BrierParts {
  /** How far probabilities are from the shares of labels in their bins, squared: what recalibration can win. At least 0. */
  readonly reliability: number;
  /** How far the bins' shares of labels are from the overall ones: what the model tells rows apart by. At least 0. */
  readonly resolution: number;
  /** The score of predicting the overall shares for every row: a matter of the data alone. */
  readonly uncertainty: number;
  /** What bins hide: the spread of probabilities inside a bin, less what it says of the labels. 0 for equal ones. */
  readonly withinBins: number;
}

/** What `brierDecomposition` returns. */
export interface BrierDecompositionResult extends BrierParts {
  /** The Brier score itself, as `brierScore` gives it, in [0, 2]. */
  readonly value: number;
  /** 1 − score/uncertainty: what share of the uncertainty the model removes, at most 1; null where it is 0. */
  readonly skill: number | null;
  /** The parts by class, which add up to the whole, with the class's reliability diagram. */
  readonly perClass: readonly (BrierParts & { readonly value: number; readonly bins: readonly CalibrationBin[] })[];
  readonly count: number;
}

/**
 * The Brier score taken apart (Murphy's partition), over bins of every class's probability: is a score bad because
 * probabilities are off, or because the model cannot tell rows apart?
 *
 *     reliability = Σ_k Σ_b n_b/N·(p̄_b − ȳ_b)²    resolution = Σ_k Σ_b n_b/N·(ȳ_b − ȳ)²    uncertainty = Σ_k ȳ(1 − ȳ)
 *
 * The three make the score where the probabilities in a bin are equal; `withinBins` is the rest, so that they always add up.
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes]; optional `rowWeights` [...]. Streams
 * and merges exactly.
 *
 * @throws RangeError for NaN, rows that are no probabilities, or a label out of range.
 * @example
 * const { reliability, resolution, uncertainty } = measure(brierDecomposition({ bins: 10 }), { logits, labels });
 * @see Murphy: A new vector partition of the probability score (1973); Stephenson, Coelho, Jolliffe: Two extra components in
 * the Brier score decomposition (2008)
 */
// @__NO_SIDE_EFFECTS__
export function brierDecomposition(
  options: BrierDecompositionOptions = {},
): Metric<
  'labels',
  CalibrationStatistic | 'squares' | 'rows',
  BrierDecompositionResult,
  'probabilities' | 'logits' | 'rowWeights'
> {
  const where = 'brierDecomposition';
  const {
    bins: given,
    edges,
    ignoreIndex,
    ...rest
  } = readOptions(where, options, {
    bins: asGiven,
    boundaries: asGiven,
    edges: word(['right', 'left'], 'right'),
    ...rowMask(),
  });
  const boundaries = readBoundaries(where, given, rest.boundaries);
  const extent = ['classes', boundaries.length - 1];

  return rowMetric({
    name: where,
    reference: brierDecomposition,
    options: { boundaries, edges, ignoreIndex },
    inputs: { labels: 'labels' },
    optionalInputs: scoreInputs,
    check: (_, { probabilities, logits }) => checkOneScore(where, probabilities, logits),

    statistics(backend, { labels, probabilities, logits }, rows) {
      const predicted = probabilities ?? backend.exp(logSoftmax(backend, logits!));
      const truth = backend.oneHot(labels, backend.shapeOf(predicted)[1]!);
      const bounds = boundsOf(boundaries, isSingle(backend, probabilities));
      const difference = backend.subtract(predicted, truth);
      return {
        ...classwiseSums(backend, predicted, truth, bounds, edges, rows),
        squares: rows.sum(backend.multiply(difference, difference)),
        rows: rows.total(),
      };
    },

    state: {
      count: countOf(extent),
      confidence: countOf(extent, 'count'),
      correct: countOf(extent, 'count'),
      squares: countOf(['classes']),
      rows: countOf(),
    },
    finish: (statistics) => resultOf(statistics, boundaries, requireRows(where, statistics.rows.data[0]!)),
  });
}

function resultOf(
  { count, confidence, correct, squares }: HostStatistics<CalibrationStatistic | 'squares'>,
  boundaries: readonly number[],
  rows: number,
): BrierDecompositionResult {
  const bins = boundaries.length - 1;
  const perClass = Array.from(squares.data, (total, index) => {
    const table = tabulate(boundaries, count.data, confidence.data, correct.data, index * bins);
    const [hits, misses] = hitsAndMisses(count.data, correct.data, index * bins, bins);
    return { value: total / rows, bins: table, ...partsOf(table, total / rows, hits, misses) };
  });
  const sum = (name: keyof BrierParts | 'value') => perClass.reduce((total, part) => total + part[name], 0);
  const uncertainty = sum('uncertainty');
  return {
    value: sum('value'),
    reliability: sum('reliability'),
    resolution: sum('resolution'),
    uncertainty,
    withinBins: sum('withinBins'),
    skill: uncertainty === 0 ? null : 1 - sum('value') / uncertainty,
    perClass,
    count: rows,
  };
}

/** Rows of a class and of the others: each summed by itself, so that where there are none the uncertainty is exactly 0. */
function hitsAndMisses(
  counts: Float64Array,
  correct: Float64Array,
  start: number,
  bins: number,
): readonly [hits: number, misses: number] {
  let [hits, misses] = [0, 0];
  for (let at = start; at < start + bins; at++) {
    hits += correct[at]!;
    misses += counts[at]! - correct[at]!;
  }
  return [hits, misses];
}

function partsOf(table: readonly CalibrationBin[], score: number, hits: number, misses: number): BrierParts {
  const rows = hits + misses;
  const share = hits / rows;
  const filled = table.filter(({ count }) => count > 0);
  const reliability = filled.reduce((sum, { count, gap }) => sum + (count / rows) * gap! ** 2, 0);
  const resolution = filled.reduce((sum, { count, accuracy }) => sum + (count / rows) * (accuracy! - share) ** 2, 0);
  const uncertainty = share * (misses / rows);
  return { reliability, resolution, uncertainty, withinBins: score - (reliability - resolution + uncertainty) };
}
