import type { Backend } from '../../backend.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics } from '../../metricState.ts';
import { between, type OptionReader, positive, readOptions, word } from '../../options.ts';
import { type RowMetricOptions, type Rows, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { inputsOfKind, type PredictionSource } from '../predictionSource.ts';
import { fScore } from '../scores/fScores.ts';

/** Options of `multiLabelScores`. */
export interface MultiLabelScoresOptions<From extends PredictionSource = PredictionSource> extends RowMetricOptions {
  /** What decides, by whose name the input goes: `'logits'` (default), `'probabilities'`, or `'predictions'` of 0 and 1. */
  readonly from?: From;
  /** A label is predicted where its probability is above this, in (0, 1). Default 0.5. */
  readonly threshold?: number;
  /** β of the F score: recall weighs β² times as much as precision. Default 1. */
  readonly beta?: number;
  /**
   * What `value` is: the F score as the mean over labels (`'macro'`, default), of all decisions together (`'micro'`), as the
   * mean by how often a label comes (`'weighted'`), or as the mean over rows (`'samples'`).
   */
  readonly average?: 'macro' | 'micro' | 'weighted' | 'samples';
}

/** One label's decisions. */
export interface LabelScores {
  /** 0 where it is never predicted. */
  readonly precision: number;
  /** 0 where it never comes. */
  readonly recall: number;
  readonly fBeta: number;
  /** The share of decisions that are right. */
  readonly accuracy: number;
  /** Rows that have the label. */
  readonly support: number;
  /** False for a label that neither comes nor is predicted; the macro mean leaves it out. */
  readonly occurs: boolean;
}

/** What `multiLabelScores` returns. */
export interface MultiLabelScoresResult {
  /** The F score of the average that was asked for, in [0, 1]. */
  readonly value: number;
  /** F scores of each average; a row without any label, of which none is predicted, is 1 in `samples`. */
  readonly macro: number;
  readonly micro: number;
  readonly weighted: number;
  readonly samples: number;
  /** The share of rows all of whose labels are right (subset accuracy), in [0, 1]. */
  readonly exactMatch: number;
  /** The share of decisions that are right: 1 − Hamming loss. */
  readonly hamming: number;
  /** The mean over rows of |predicted ∩ true|/|predicted ∪ true|; 1 where both are empty. */
  readonly jaccard: number;
  readonly perLabel: readonly LabelScores[];
  readonly count: number;
}

const byLabel = ['hit', 'predicted', 'actual', 'right'] as const;
const byRow = ['exact', 'fBeta', 'jaccard'] as const;
type MultiLabelStatistic = (typeof byLabel)[number] | (typeof byRow)[number] | 'count';

/**
 * Scores of multi-label predictions, where a row may have several labels or none: F-beta by every average, exact matches,
 * Hamming accuracy and Jaccard index.
 *
 *     F_β = (1 + β²)·hits/(predicted + β²·true)
 *
 * Inputs: `targets` [..., labels] of 0 and 1, and in the same shape `logits` (through a sigmoid), `probabilities` of each
 * label, which need not sum to 1, or `predictions` of 0 and 1; optional `rowWeights` [...] and, with `ignoreIndex`, `labels`
 * [...]. Whether the probabilities hold what they say: `binaryCalibrationError`, over the same tensors. Streams and merges
 * exactly.
 *
 * @throws RangeError for NaN, targets or predictions that are neither 0 nor 1, an option out of range, or no row that counts.
 * @example
 * const { value, exactMatch, perLabel } = measure(multiLabelScores({ threshold: 0.3 }), {
 *   logits: [[2, -1, 0.5], [-2, 1, -1]], targets: [[1, 0, 1], [0, 1, 1]],
 * });
 * @see Zhang, Zhou: A review on multi-label learning algorithms (2014)
 */
// @__NO_SIDE_EFFECTS__
export function multiLabelScores<From extends PredictionSource = 'logits'>(
  options: MultiLabelScoresOptions<From> = {},
): Metric<From | 'targets', MultiLabelStatistic, MultiLabelScoresResult, 'labels' | 'rowWeights'> {
  const where = 'multiLabelScores';
  const sources: OptionReader<PredictionSource> = word(['logits', 'probabilities', 'predictions'], 'logits');
  const { from, threshold, beta, average, ignoreIndex } = readOptions(where, options, {
    from: sources as OptionReader<From>,
    threshold: between(0, 1, 0.5),
    beta: positive(1),
    average: word(['macro', 'micro', 'weighted', 'samples'], 'macro'),
    ...rowMask(),
  });

  return rowMetric<From | 'targets', MultiLabelStatistic, MultiLabelScoresResult>({
    name: where,
    reference: multiLabelScores,
    options: { from, threshold, beta, average, ignoreIndex },
    inputs: inputsOfKind('scores', [from, 'targets']),
    columnsAreLabels: true,
    faults: {
      unclear: { argument: 'targets', expected: '0 or 1', counted: 'others' },
      outside: {
        argument: from,
        expected: from === 'predictions' ? '0 or 1' : 'in [0, 1]',
        counted: 'others',
      },
    },

    statistics(backend, batch, rows) {
      const given = batch[from];
      const actual = batch.targets;
      // p > t where the logit is above t's log-odds.
      const cut = { logits: Math.log(threshold / (1 - threshold)), probabilities: threshold, predictions: 0.5 }[from];
      const predicted = backend.greater(given, backend.scalar(cut));
      const found = {
        ...rowSums(backend, predicted, actual, beta, rows),
        count: rows.total(),
        unclear: notBinary(backend, actual),
      };
      if (from === 'logits') return found;
      return { ...found, outside: from === 'predictions' ? notBinary(backend, given) : beyondUnit(backend, given) };
    },

    state: {
      hit: countOf(['labels'], 'actual'),
      predicted: countOf(['labels']),
      actual: countOf(['labels']),
      right: countOf(['labels']),
      exact: countOf([], 'count'),
      fBeta: countOf([], 'count'),
      jaccard: countOf([], 'count'),
      count: countOf(),
    },
    finish: (statistics) => resultOf(statistics, beta, average),
  });
}

/** Sums over rows of what predictions and targets [rows, labels] have in common. */
function rowSums<T>(
  backend: Backend<T>,
  predicted: T,
  actual: T,
  beta: number,
  rows: Rows<T>,
): Readonly<Record<Exclude<MultiLabelStatistic, 'count'>, T>> {
  const one = backend.scalar(1);
  const square = beta * beta;
  const hit = backend.multiply(predicted, actual);
  const wrong = backend.abs(backend.subtract(predicted, actual));
  const inRow = (values: T): T => backend.sum(values, { axis: -1 });
  const [hits, predictions, labels] = [inRow(hit), inRow(predicted), inRow(actual)];
  /** A quotient of each row, 1 where both are 0. */
  const share = (part: T, whole: T): T =>
    backend.where(whole, backend.divide(part, backend.where(whole, whole, one)), one);
  const weighted = backend.add(predictions, backend.multiply(labels, backend.scalar(square)));
  return {
    hit: rows.sum(hit),
    predicted: rows.sum(predicted),
    actual: rows.sum(actual),
    right: rows.sum(backend.subtract(one, wrong)),
    exact: rows.sum(backend.subtract(one, backend.greater(inRow(wrong), backend.scalar(0)))),
    fBeta: rows.sum(share(backend.multiply(hits, backend.scalar(1 + square)), weighted)),
    jaccard: rows.sum(share(hits, backend.subtract(backend.add(predictions, labels), hits))),
  };
}

/** The number of elements that are neither 0 nor 1; NaN is counted elsewhere. */
function notBinary<T>(backend: Backend<T>, values: T): T {
  const product = backend.multiply(values, backend.subtract(values, backend.scalar(1)));
  return backend.sum(backend.greater(backend.abs(product), backend.scalar(0)));
}

/** The number of elements outside [0, 1], but for the rounding of float32. */
function beyondUnit<T>(backend: Backend<T>, values: T): T {
  const distance = backend.abs(backend.subtract(values, backend.scalar(0.5)));
  return backend.sum(backend.greater(distance, backend.scalar(0.5 + 1e-6)));
}

function resultOf(
  statistics: HostStatistics<MultiLabelStatistic>,
  beta: number,
  average: 'macro' | 'micro' | 'weighted' | 'samples',
): MultiLabelScoresResult {
  const count = requireRows('multiLabelScores', statistics.count.data[0]!);
  const [hit, predicted, actual, right] = byLabel.map((name) => statistics[name].data) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [exactMatch, samples, jaccard] = byRow.map((name) => statistics[name].data[0]! / count) as [
    number,
    number,
    number,
  ];
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  const perLabel = Array.from(hit, (hits, label): LabelScores => {
    const [predictions, labels] = [predicted[label]!, actual[label]!];
    return {
      precision: predictions === 0 ? 0 : hits / predictions,
      recall: labels === 0 ? 0 : hits / labels,
      fBeta: fScore(hits, predictions, labels, beta),
      accuracy: right[label]! / count,
      support: labels,
      occurs: predictions + labels > 0,
    };
  });
  const occurring = perLabel.filter(({ occurs }) => occurs);
  const support = sum(actual);
  const averages = {
    // Nothing true and nothing predicted: no decision is wrong, and none is right of what F counts.
    macro: occurring.length === 0 ? 0 : sum(occurring.map(({ fBeta }) => fBeta)) / occurring.length,
    micro: fScore(sum(hit), sum(predicted), support, beta),
    weighted: support === 0 ? 0 : sum(perLabel.map(({ fBeta, support: own }) => fBeta * own)) / support,
    samples,
  };
  return {
    value: averages[average],
    ...averages,
    exactMatch,
    hamming: sum(right) / count / perLabel.length,
    jaccard,
    perLabel,
    count,
  };
}
