import { readOptions } from '../../options.ts';
import { type RowMetricOptions, rowMask } from '../../rowMetric.ts';
import { type CheckedScores, checkScores, type LabelledScores } from './hostScores.ts';
import { checkRanks, type RankOptions, type Ranks, rankReaders, readRanks } from './rankOptions.ts';

/** Inputs of `topLabelConfidences`: exactly one of probabilities and logits. */
export type TopLabelInputs = LabelledScores;

/** Options of `topLabelConfidences`. */
export interface TopLabelOptions extends RankOptions, RowMetricOptions {}

/** What `topLabelConfidences` returns: one number a row. */
export interface TopLabelConfidences {
  /** The probability of the predicted class, or what `rank` and `withinTop` ask for; 0 in a row that does not count. */
  readonly confidences: Float64Array;
  /** 1 where the predicted class is the label, else 0. */
  readonly correct: Float64Array;
  /** The first largest class; with `rank` the class of that rank. */
  readonly predictions: Int32Array;
  /** Where rows were weighted or masked: their weights, 0 for one that does not count. */
  readonly rowWeights?: Float64Array;
}

/**
 * Confidence and correctness of each row on the host: what `equalMassCalibrationError`, `smoothCalibrationError`,
 * `kolmogorovSmirnovCalibration`, `selectiveAccuracy` and a bootstrap of any of them work on.
 *
 * @throws RangeError for NaN, a probability outside [0, 1], a label out of range, or a rank above the number of classes.
 * @example
 * const { confidences, correct } = topLabelConfidences({ logits: [[0, 2]], labels: [1] });
 * const secondGuesses = topLabelConfidences({ logits: [[0, 2]], labels: [0] }, { rank: 2 });
 */
export function topLabelConfidences(inputs: LabelledScores, options: TopLabelOptions = {}): TopLabelConfidences {
  const where = 'topLabelConfidences';
  const { ignoreIndex, ...ranked } = readOptions(where, options, { ...rankReaders(), ...rowMask() });
  return confidencesOf(where, checkScores(where, inputs, ignoreIndex), readRanks(where, ranked));
}

/** The same of checked scores and ranks. */
export function confidencesOf(where: string, scores: CheckedScores, ranks: Ranks): TopLabelConfidences {
  checkRanks(where, ranks, scores.classes);
  const { labels, weights } = scores;
  const rows = labels.length;
  const result = {
    confidences: new Float64Array(rows),
    correct: new Float64Array(rows),
    predictions: new Int32Array(rows),
    ...(weights && { rowWeights: weights }),
  };
  const order = new Int32Array(scores.classes);
  for (let row = 0; row < rows; row++) {
    if (weights?.[row] === 0) continue;
    const { sum, label } = ranks.last === 1 ? topOf(scores, row, order) : rankedOf(scores, row, ranks, order);
    // Rounding of a sum of probabilities.
    result.confidences[row] = Math.min(1, sum);
    result.correct[row] = label ? 1 : 0;
    result.predictions[row] = order[ranks.first - 1]!;
  }
  return result;
}

interface RowConfidence {
  readonly sum: number;
  readonly label: boolean;
}

/** The largest probability alone needs no order of the classes. */
function topOf({ from, scores, labels, classes }: CheckedScores, row: number, order: Int32Array): RowConfidence {
  const start = row * classes;
  let top = 0;
  for (let index = 1; index < classes; index++) if (scores[start + index]! > scores[start + top]!) top = index;
  order[0] = top;
  const label = labels[row] === top;
  if (from === 'probabilities') return { sum: scores[start + top]!, label };
  let sum = 0;
  for (let index = 0; index < classes; index++) sum += Math.exp(scores[start + index]! - scores[start + top]!);
  return { sum: 1 / sum, label };
}

function rankedOf(
  { from, scores, labels, classes }: CheckedScores,
  row: number,
  { first, last }: Ranks,
  order: Int32Array,
): RowConfidence {
  const start = row * classes;
  for (let index = 0; index < classes; index++) order[index] = index;
  // −Infinity less itself is NaN, which is as little as a difference of 0: the classes' numbers decide.
  order.sort((a, b) => scores[start + b]! - scores[start + a]! || a - b);
  const largest = scores[start + order[0]!]!;
  const massOf = (index: number) =>
    from === 'probabilities' ? scores[start + index]! : Math.exp(scores[start + index]! - largest);
  let chosen = 0;
  let all = 0;
  let label = false;
  for (let place = 0; place < classes; place++) {
    const mass = massOf(order[place]!);
    all += mass;
    if (place < first - 1 || place >= last) continue;
    chosen += mass;
    label ||= order[place] === labels[row];
  }
  return { sum: from === 'probabilities' ? chosen : chosen / all, label };
}
