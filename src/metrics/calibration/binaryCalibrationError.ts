import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { sigmoid } from '../../ops/sigmoid.ts';
import { asGiven, flag, readOptions, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { boundsOf, topLabelSums } from './binSums.ts';
import {
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
import type { CalibrationStatistic } from './calibrationError.ts';
import { confidenceFaults, isSingle } from './confidenceColumns.ts';
import { checkOneScore } from './scoreInputs.ts';

/** Options of `binaryCalibrationError`. */
export interface BinaryCalibrationErrorOptions extends RowMetricOptions {
  /** The number of bins of equal width, at most 2²⁰. Default 15. */
  readonly bins?: number;
  /** Boundaries of bins in place of equal width, rising from 0 to 1. */
  readonly boundaries?: readonly number[];
  /** `'right'`: (lower, upper], the default; `'left'`: [lower, upper). */
  readonly edges?: BinEdges;
  /** `'l1'` (default), `'l2'` or `'max'`. */
  readonly norm?: CalibrationNorm;
  /** With `norm: 'l2'`: takes off the bias of few samples. Default false. */
  readonly debiased?: boolean;
}

/** What `binaryCalibrationError` returns. */
export interface BinaryCalibrationErrorResult extends CalibrationErrors {
  /** The error of the norm that was asked for, in [0, 1]. */
  readonly value: number;
  /** The table of bins: a reliability diagram of the event. `confidence` is its mean probability, `accuracy` how often it came. */
  readonly bins: readonly CalibrationBin[];
  readonly count: number;
  /** The mean probability of the event, and how often it came. */
  readonly confidence: number;
  readonly accuracy: number;
  /** Says so where the rows are too few for the bins; else null. */
  readonly warning: string | null;
}

/**
 * Calibration error of one probability a row, that of an event: a binary classifier's positive class, or each label of a
 * multi-label one. How far the probability is from how often the event comes, over bins of it.
 *
 *     Σ_b n_b/N·|mean probability_b − share of events_b|
 *
 * Inputs: `labels` [...], 1 where the event came, else 0, and exactly one of `probabilities` [...] and `logits` [...], which go
 * through a sigmoid; optional `rowWeights` [...]. Every entry is a row: of many labels give [rows, labels] all round. A
 * two-class model's confidence in its prediction, whichever it is, is `calibrationError`'s matter. Streams and merges exactly.
 *
 * @throws RangeError for NaN, a probability outside [0, 1], or a label that is neither 0 nor 1.
 * @example
 * const { value, bins } = measure(binaryCalibrationError({ bins: 10 }), { probabilities: [0.9, 0.2], labels: [1, 0] });
 * @see Naeini, Cooper, Hauskrecht: Obtaining well calibrated probabilities using Bayesian binning (2015)
 */
// @__NO_SIDE_EFFECTS__
export function binaryCalibrationError(
  options: BinaryCalibrationErrorOptions = {},
): Metric<'labels', CalibrationStatistic, BinaryCalibrationErrorResult, 'probabilities' | 'logits' | 'rowWeights'> {
  const where = 'binaryCalibrationError';
  const {
    bins: given,
    edges,
    norm,
    debiased,
    ignoreIndex,
    ...rest
  } = readOptions(where, options, {
    bins: asGiven,
    boundaries: asGiven,
    edges: word(['right', 'left'], 'right'),
    norm: word(['l1', 'l2', 'max'], 'l1'),
    debiased: flag(false),
    ...rowMask(),
  });
  const boundaries = readBoundaries(where, given, rest.boundaries);
  checkDebiased(where, norm, debiased);
  const bins = boundaries.length - 1;

  return rowMetric<'labels', CalibrationStatistic, BinaryCalibrationErrorResult, 'probabilities' | 'logits'>({
    name: where,
    reference: binaryCalibrationError,
    options: { boundaries, edges, norm, debiased, ignoreIndex },
    inputs: { labels: 'labels' },
    optionalInputs: { probabilities: 'numbers', logits: 'ordered' },
    faults: {
      outside: { argument: 'probabilities', expected: 'in [0, 1]', counted: 'others' },
      undecided: { argument: 'labels', expected: '0 or 1', counted: 'others' },
    },
    check: (_, { probabilities, logits }) => checkOneScore(where, probabilities, logits),

    statistics(backend, { labels, probabilities, logits }, rows) {
      const probability = probabilities ?? sigmoid(backend, logits!);
      const bounds = boundsOf(boundaries, isSingle(backend, probabilities));
      const sums = topLabelSums(backend, probability, labels, bounds, edges, rows);
      return { ...sums, ...confidenceFaults(backend, probability, labels) };
    },

    state: { count: countOf([bins]), confidence: countOf([bins], 'count'), correct: countOf([bins], 'count') },

    finish({ count, confidence, correct }) {
      const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
      const rows = requireRows(where, sum(count.data));
      const table = tabulate(boundaries, count.data, confidence.data, correct.data);
      const errors = calibrationErrors(table);
      return {
        value: chooseError(errors, norm, debiased),
        ...errors,
        bins: table,
        count: rows,
        confidence: sum(confidence.data) / rows,
        accuracy: sum(correct.data) / rows,
        warning: sparsityWarning(rows, bins),
      };
    },
  });
}
