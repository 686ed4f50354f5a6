import type { Metric } from '../../metric.ts';
import type { HostStatistic } from '../../metricState.ts';
import { readOptions, word } from '../../options.ts';
import { requireRows, rowMask } from '../../rowMetric.ts';
import { decisionOption } from '../decisionThreshold.ts';
import { type PredictionSource, predictionOptions } from '../predictionSource.ts';
import { type ConfusionOptions, confusionCounts } from './confusionCounts.ts';

/** Options of `cohenKappa`. */
export interface CohenKappaOptions<From extends PredictionSource = PredictionSource> extends ConfusionOptions<From> {
  /**
   * What a disagreement counts: `'none'` (default) the same for every pair of classes; for classes that have an order
   * `'linear'`, |i − j|, or `'quadratic'`, (i − j)², as agreement of grades is reported.
   */
  readonly weights?: 'none' | 'linear' | 'quadratic';
}

/** What `cohenKappa` returns. */
export interface CohenKappaResult {
  /** κ, at most 1: agreement beyond that of chance. 1 where both sides hold one and the same class throughout. */
  readonly value: number;
  /** By the large-sample variance of Fleiss, Cohen and Everitt; null where κ cannot vary. */
  readonly standardError: number | null;
  /** Agreement that was seen, and that of chance with the same shares of classes, in [0, 1]; weighted as κ is. */
  readonly observed: number;
  readonly expected: number;
  readonly count: number;
}

/**
 * Cohen's κ, plain or weighted: how far predictions and labels, or two raters, agree beyond chance.
 *
 *     κ = 1 − Σ_ij d_ij·o_ij / Σ_ij d_ij·p_i·l_j        d_ij = [i ≠ j], |i − j| or (i − j)²
 *
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], and `labels` [...]; optional
 * `rowWeights` [...]. Of two models, or two raters, one's classes are the `labels`: κ is symmetric. Streams and merges exactly:
 * classes² counts, at most 4096 classes.
 *
 * @throws RangeError for NaN, a label or prediction out of range, more than 4096 classes, or no row that counts.
 * @example
 * const { value } = measure(cohenKappa({ from: 'predictions', weights: 'quadratic' }), {
 *   predictions: [0, 1, 2, 2], labels: [0, 1, 1, 2],
 * });
 * @see Cohen: Weighted kappa (1968); Fleiss, Cohen, Everitt: Large sample standard errors of kappa and weighted kappa (1969)
 */
// @__NO_SIDE_EFFECTS__
export function cohenKappa<From extends PredictionSource = 'logits'>(
  options: CohenKappaOptions<From> = {},
): Metric<From | 'labels', string, CohenKappaResult, 'rowWeights'> {
  const checked = readOptions('cohenKappa', options, {
    weights: word(['none', 'linear', 'quadratic'], 'none'),
    ...predictionOptions<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  const metric = confusionCounts<CohenKappaResult>({
    name: 'cohenKappa',
    reference: cohenKappa,
    options: checked,
    finish: ({ matrix }) => kappaOf(matrix, checked.weights),
  });
  return metric as never;
}

function kappaOf(
  { data, shape: [size = 0] }: HostStatistic,
  weights: 'none' | 'linear' | 'quadratic',
): CohenKappaResult {
  const count = requireRows(
    'cohenKappa',
    data.reduce((sum, value) => sum + value, 0),
  );
  const [labels, predictions] = [new Float64Array(size), new Float64Array(size)];
  data.forEach((value, at) => {
    labels[Math.floor(at / size)]! += value / count;
    predictions[at % size]! += value / count;
  });
  // Credit in [0, 1]: 1 on the diagonal, 0 for what is farthest apart.
  const farthest = weights === 'none' ? 1 : Math.max(1, size - 1);
  const credit = (label: number, prediction: number): number => {
    const distance = Math.abs(label - prediction);
    if (weights === 'none') return distance === 0 ? 1 : 0;
    return 1 - (weights === 'linear' ? distance / farthest : (distance / farthest) ** 2);
  };
  // What each class meets by chance on the other side.
  const [metByLabel, metByPrediction] = [new Float64Array(size), new Float64Array(size)];
  let [observed, expected, unlike, unlikeByChance] = [0, 0, 0, 0];
  for (let at = 0; at < data.length; at++) {
    const [label, prediction] = [Math.floor(at / size), at % size];
    const [share, chance] = [data[at]! / count, labels[label]! * predictions[prediction]!];
    const own = credit(label, prediction);
    observed += share * own;
    expected += chance * own;
    unlike += share * (1 - own);
    unlikeByChance += chance * (1 - own);
    metByLabel[label]! += predictions[prediction]! * own;
    metByPrediction[prediction]! += labels[label]! * own;
  }
  if (unlikeByChance === 0) return { value: 1, standardError: null, observed, expected, count };
  // Of the disagreements, so that κ near 1 keeps its digits.
  const kappa = 1 - unlike / unlikeByChance;
  let squares = 0;
  data.forEach((value, at) => {
    const [label, prediction] = [Math.floor(at / size), at % size];
    const met = (metByLabel[label]! + metByPrediction[prediction]!) * (1 - kappa);
    squares += (value / count) * (credit(label, prediction) - met) ** 2;
  });
  const variance = (squares - (kappa - expected * (1 - kappa)) ** 2) / (unlikeByChance * unlikeByChance * count);
  return { value: kappa, standardError: Math.sqrt(Math.max(0, variance)), observed, expected, count };
}
