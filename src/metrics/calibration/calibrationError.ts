import { rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { missing } from '../../ops/scoreFaults.ts';
import { asGiven, flag, readOptions, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { boundsOf, classwiseSums, tallied, topLabelSums } from './binSums.ts';
import {
  averageErrors,
  type BinEdges,
  type CalibrationBin,
  type CalibrationErrors,
  type CalibrationNorm,
  calibrationErrors,
  checkDebiased,
  chooseError,
  readBoundaries,
  sparsityWarning,
  tabulate,
} from './binTable.ts';
import { calibrationMark } from './calibrationMark.ts';
import { confidenceColumns, confidenceFaults, isSingle } from './confidenceColumns.ts';
import { checkRanks, type RankOptions, rankReaders, readRanks } from './rankOptions.ts';
import { checkOneScore, scoreInputs } from './scoreInputs.ts';

/** Options of `calibrationError`. */
export interface CalibrationErrorOptions<From extends 'scores' | 'confidences' = 'scores' | 'confidences'>
  extends RankOptions,
    RowMetricOptions {
  /** The number of bins of equal width, at most 2²⁰. Default 15. */
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
  /**
   * `'scores'`: from labels and probabilities or logits, the default. `'confidences'`: from the inputs `confidences` and
   * `correct`, for whoever has one confidence and one hit a row.
   */
  readonly from?: From;
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

/** Names of the sums of each bin. */
export type CalibrationStatistic = 'count' | 'confidence' | 'correct';

/** Required inputs of `calibrationError`. */
export type CalibrationInput<From extends 'scores' | 'confidences'> = From extends 'scores'
  ? 'labels'
  : 'confidences' | 'correct';

/** Inputs of `calibrationError` that may be left out; of the two scores one is needed. */
export type CalibrationOptionalInput<From extends 'scores' | 'confidences'> =
  | 'rowWeights'
  | (From extends 'scores' ? 'probabilities' | 'logits' : 'labels');

/**
 * Calibration error: how far confidence is from accuracy, over bins of confidence.
 *
 *     ECE = Σ_b n_b/N·|confidence_b − accuracy_b|
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes], or with `from: 'confidences'`
 * `confidences` and `correct` [...]; optional `rowWeights` [...]. The prediction is the first
 * largest class; `rank` and `withinTop` ask of later ones. A confidence of exactly k/n, in float32 or float64, falls into the bin that the edge rule says; 0 falls
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
export function calibrationError<From extends 'scores' | 'confidences' = 'scores'>(
  options: CalibrationErrorOptions<From> = {},
): Metric<CalibrationInput<From>, CalibrationStatistic, CalibrationErrorResult, CalibrationOptionalInput<From>> {
  const {
    bins: given,
    edges,
    norm,
    debiased,
    over,
    from,
    rank,
    withinTop,
    ignoreIndex,
    ...rest
  } = readOptions('calibrationError', options, {
    bins: asGiven,
    boundaries: asGiven,
    edges: word(['right', 'left'], 'right'),
    norm: word(['l1', 'l2', 'max'], 'l1'),
    debiased: flag(false),
    over: word(['topLabel', 'classwise'], 'topLabel'),
    from: word(['scores', 'confidences'], 'scores'),
    ...rankReaders(),
    ...rowMask(),
  });
  const ranks = readRanks('calibrationError', { rank, withinTop });
  const boundaries = readBoundaries('calibrationError', given, rest.boundaries);
  checkDebiased('calibrationError', norm, debiased);
  if (from === 'confidences' && over === 'classwise') {
    throw rangeError('calibrationError', 'over', "'topLabel' where from is 'confidences'", over);
  }
  if (ranks.last > 1 && (from === 'confidences' || over === 'classwise')) {
    const got = from === 'confidences' ? from : over;
    throw rangeError('calibrationError', 'rank and withinTop', 'left out, or of the top labels of scores', got);
  }
  const bins = boundaries.length - 1;
  const extent = over === 'classwise' ? ['classes', bins] : [bins];

  const metric = rowMetric<string, CalibrationStatistic, CalibrationErrorResult, string>({
    name: 'calibrationError',
    reference: calibrationMark,
    options: { boundaries, edges, norm, debiased, over, from, rank, withinTop, ignoreIndex },
    inputs: from === 'scores' ? { labels: 'labels' } : { confidences: 'numbers', correct: 'numbers' },
    optionalInputs: from === 'scores' ? scoreInputs : {},
    faults: {
      outside: { argument: 'confidences', expected: 'in [0, 1]', counted: 'others' },
      undecided: { argument: 'correct', expected: '0 or 1', counted: 'others' },
    },

    check(backend, batch) {
      if (from === 'confidences') return;
      const scores = batch[checkOneScore('calibrationError', batch.probabilities, batch.logits)]!;
      checkRanks('calibrationError', ranks, backend.shapeOf(scores).at(-1)!);
    },

    // Of each row its confidence and its hit; of every class of each row there would be too many.
    ...(over === 'topLabel' && {
      kept: {
        rows: (backend, inputs) => ({
          ...confidenceColumns(backend, inputs, ranks),
          single: backend.scalar(isSingle(backend, inputs.probabilities ?? inputs.confidences) ? 1 : 0),
        }),
        statistics({ confidence, correct, single }, factors) {
          const bounds = boundsOf(boundaries, single!.data[0] === 1);
          const given = { confidences: confidence!.data, hits: correct!.data, factors };
          const sums = tallied(given, 1, bounds, edges);
          const binned = (data: Float64Array) => ({ data, shape: [bins] });
          return {
            count: binned(sums.count),
            confidence: binned(sums.confidence),
            correct: binned(sums.correct),
          };
        },
      },
    }),

    statistics(backend, inputs, rows) {
      const { labels, probabilities, logits, confidences } = inputs;
      const bounds = boundsOf(boundaries, isSingle(backend, probabilities ?? confidences));
      if (over === 'classwise') {
        const predicted = probabilities ?? backend.exp(logSoftmax(backend, logits!));
        const oneHotLabels = backend.oneHot(labels!, backend.shapeOf(predicted)[1]!);
        const sums = classwiseSums(backend, predicted, oneHotLabels, bounds, edges, rows);
        return probabilities === undefined ? { ...sums, notANumber: missing(backend, predicted) } : sums;
      }
      const { confidence, correct } = confidenceColumns(backend, inputs, ranks);
      const sums = topLabelSums(backend, confidence, correct, bounds, edges, rows);
      if (from === 'confidences') return { ...sums, ...confidenceFaults(backend, confidence, correct) };
      // A confidence that is NaN falls into no bin, and its row would be missed.
      return probabilities === undefined ? { ...sums, notANumber: missing(backend, confidence) } : sums;
    },

    state: { count: countOf(extent), confidence: countOf(extent, 'count'), correct: countOf(extent, 'count') },

    finish({ count, confidence, correct }) {
      const classes = count.data.length / bins;
      const tables = Array.from({ length: classes }, (_, index) =>
        tabulate(boundaries, count.data, confidence.data, correct.data, index * bins),
      );
      const errors = tables.map(calibrationErrors);
      const overall = averageErrors(errors);
      const pairs = requireRows('calibrationError', sumOf(count.data));
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
  });
  return metric as never;
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
