import { checkOneOf, checkOptions, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { topProbability } from '../../ops/topProbability.ts';
import { boundsOf, classwiseSums, topLabelSums } from './binSums.ts';
import {
  averageErrors,
  type BinEdges,
  type CalibrationBin,
  type CalibrationErrors,
  type CalibrationNorm,
  calibrationErrors,
  chooseError,
  resolveBoundaries,
  sparsityWarning,
  tabulate,
} from './binTable.ts';
import { checkOneScore, checkScoreCounts, type ScoreCheck, scoreCheck } from './scoreInputs.ts';

/** Options of `calibrationError`. */
export interface CalibrationErrorOptions {
  /** The number of bins of equal width. Default 15. */
  readonly bins?: number;
  /** Boundaries of bins in place of equal width, rising from 0 to 1; `equalMassBoundaries` makes them. */
  readonly boundaries?: readonly number[];
  /** `'right'`: (lower, upper], the default; `'left'`: [lower, upper). */
  readonly edges?: BinEdges;
  /** `'l1'` (ECE, the default), `'l2'` (root mean square) or `'max'` (MCE). */
  readonly norm?: CalibrationNorm;
  /** With `norm: 'l2'`: takes off the bias of few samples. Default false. */
  readonly debiased?: boolean;
  /** `'topLabel'`: the confidence of the prediction, the default; `'classwise'`: the probability of every class. */
  readonly over?: 'topLabel' | 'classwise';
}

/** What `calibrationError` returns. */
export interface CalibrationErrorResult extends CalibrationErrors {
  /** The error of the norm that was asked for, in [0, 1]; classwise: the mean over the classes (`'max'`: the largest). */
  readonly value: number;
  /** The table of bins: a reliability diagram. Classwise: all classes pooled. */
  readonly bins: readonly CalibrationBin[];
  /** Classwise: the error and the table of each class; else empty. */
  readonly perClass: readonly { readonly value: number; readonly bins: readonly CalibrationBin[] }[];
  /** The number of rows. */
  readonly count: number;
  /** Mean confidence of the rows; classwise: mean probability of all rows and classes. */
  readonly confidence: number;
  /** Share of rows that are right; classwise: of all rows and classes, which is 1/classes. */
  readonly accuracy: number;
  /** Says so where the rows are too few for the bins; else null. */
  readonly warning: string | null;
}

type CalibrationStatistic = 'count' | 'confidence' | 'correct' | ScoreCheck;

/**
 * Calibration error: how far confidence is from accuracy, over bins of confidence.
 *
 *     ECE = Σ_b n_b/N·|confidence_b − accuracy_b|
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes]. The prediction is the first
 * largest class. A confidence of exactly k/n, in float32 or float64, falls into the bin that the edge rule says; 0 falls
 * into the first bin, 1 into the last. Streams and merges exactly: three sums a bin.
 *
 * The fields `expected`, `rootMeanSquare`, `debiased`, `maximum` and `average` come in any case, whatever the norm; over
 * classes each is the mean of the classes, `maximum` the largest.
 *
 * @throws RangeError for NaN, a negative probability, rows of probabilities that do not sum to 1 within 0.001, or a label
 * out of range; TypeError when both or none of `probabilities` and `logits` are given.
 * @example
 * const { value, bins } = measure(calibrationError({ bins: 15 }), { probabilities, labels });
 * @see Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks (2017), arXiv 1706.04599; debiased:
 * Kumar, Liang, Ma: Verified uncertainty calibration (2019), arXiv 1909.10155
 */
// @__NO_SIDE_EFFECTS__
export function calibrationError(
  options: CalibrationErrorOptions = {},
): Metric<'labels', CalibrationStatistic, CalibrationErrorResult, 'probabilities' | 'logits'> {
  checkOptions('calibrationError', options, ['bins', 'boundaries', 'edges', 'norm', 'debiased', 'over']);
  const { edges = 'right', norm = 'l1', debiased = false, over = 'topLabel' } = options;
  const boundaries = resolveBoundaries('calibrationError', options.bins, options.boundaries);
  checkOneOf('calibrationError', 'edges', edges, ['right', 'left']);
  checkOneOf('calibrationError', 'norm', norm, ['l1', 'l2', 'max']);
  checkOneOf('calibrationError', 'over', over, ['topLabel', 'classwise']);
  if (debiased && norm !== 'l2') throw rangeError('calibrationError', 'norm', "'l2' where debiased is set", norm);
  const bins = boundaries.length - 1;

  return {
    name: 'calibrationError',
    reference: calibrationError,
    options: { boundaries, edges, norm, debiased, over },
    inputs: ['labels'],
    optionalInputs: ['probabilities', 'logits'],

    check(backend, { labels, probabilities, logits }) {
      const name = checkOneScore('calibrationError', probabilities, logits);
      const scores = (probabilities ?? logits)!;
      const rows = checkLogits(backend, 'calibrationError', name, scores);
      checkLabels(backend, 'calibrationError', 'labels', labels, rows, backend.shapeOf(scores).at(-1)!);
    },

    statistics(backend, { labels, probabilities, logits }) {
      const scores = flattenRows(backend, (probabilities ?? logits)!);
      const label = flatten(backend, labels);
      const single = probabilities !== undefined && backend.readSync?.(probabilities).data instanceof Float32Array;
      const bounds = boundsOf(boundaries, single);
      const given = probabilities === undefined ? undefined : scores;
      if (over === 'classwise') {
        const predicted = given ?? backend.exp(logSoftmax(backend, scores));
        const oneHotLabels = backend.oneHot(label, backend.shapeOf(scores)[1]!);
        return {
          ...classwiseSums(backend, predicted, oneHotLabels, bounds, edges),
          ...scoreCheck(backend, given, predicted),
        };
      }
      const confidence = given === undefined ? topProbability(backend, scores) : backend.max(given, { axis: -1 });
      const correct = sameIndex(backend, backend.argMax(scores), label);
      return {
        ...topLabelSums(backend, confidence, correct, bounds, edges),
        ...scoreCheck(backend, given, confidence),
      };
    },

    finish(statistics) {
      checkScoreCounts('calibrationError', statistics);
      const { count, confidence, correct } = statistics;
      const classes = count.data.length / bins;
      const tables = Array.from({ length: classes }, (_, index) =>
        tabulate(boundaries, count.data, confidence.data, correct.data, index * bins),
      );
      const errors = tables.map(calibrationErrors);
      const overall = averageErrors(errors);
      const pairs = sumOf(count.data);
      return {
        value: chooseError(overall, norm, debiased),
        ...overall,
        bins: tabulate(boundaries, pooled(count.data, bins), pooled(confidence.data, bins), pooled(correct.data, bins)),
        perClass:
          over === 'topLabel'
            ? []
            : tables.map((table, index) => ({ value: chooseError(errors[index]!, norm, debiased), bins: table })),
        count: pairs / classes,
        confidence: sumOf(confidence.data) / pairs,
        accuracy: sumOf(correct.data) / pairs,
        warning: sparsityWarning(pairs / classes, bins),
      };
    },
  };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** [classes, bins] summed over the classes. */
function pooled(values: Float64Array, bins: number): Float64Array {
  const sums = new Float64Array(bins);
  values.forEach((value, index) => {
    sums[index % bins]! += value;
  });
  return sums;
}
