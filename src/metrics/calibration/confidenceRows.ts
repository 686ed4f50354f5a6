/** Confidences and hits, one a row, on the host: what the one-shot calibration errors work on. */
import { checkNotEmpty, checkRecord, checkSameShape, rangeError } from '../../check.ts';
import type { OptionReader } from '../../options.ts';
import { type RowMetricOptions, rowMask } from '../../rowMetric.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';
import { checkScores, checkWeights, type LabelledScores } from './hostScores.ts';
import { type RankOptions, rankReaders, readRanks } from './rankOptions.ts';
import { confidencesOf } from './topLabelConfidences.ts';

/** One confidence and one hit a row. */
export interface ConfidenceRows {
  /** [...], in [0, 1]. */
  readonly confidences: TensorLike;
  /** [...], 1 where the prediction is right (or the event happened), else 0. */
  readonly correct: TensorLike;
  /** [...], at least 0: a row of weight 2 counts as two rows, and one of weight 0, which may hold anything, as none. */
  readonly rowWeights?: TensorLike;
}

/** Options of how confidences come from labelled scores; left out where the confidences themselves are given. */
export interface ConfidenceOptions extends RankOptions, RowMetricOptions {}

/** Readers of these options. */
export function confidenceReaders(): {
  readonly rank: OptionReader<number | undefined>;
  readonly withinTop: OptionReader<number | undefined>;
  readonly ignoreIndex: OptionReader<number | null>;
} {
  return { ...rankReaders(), ...rowMask() };
}

/** The options, checked. */
export interface CheckedConfidenceOptions {
  readonly rank: number | undefined;
  readonly withinTop: number | undefined;
  readonly ignoreIndex: number | null;
}

/** None of them, for whoever has confidences. */
export const noRanks: CheckedConfidenceOptions = { rank: undefined, withinTop: undefined, ignoreIndex: null };

/** Confidences and hits of the rows that count, checked and in float64. */
export interface CheckedRows {
  readonly confidences: Float64Array;
  readonly correct: Float64Array;
  /** Above 0; undefined where all rows count alike. */
  readonly weights?: Float64Array | undefined;
}

function inRange(where: string, confidence: number): number {
  // A float32 top probability may be 1.0000001.
  if (!(confidence >= 0 && confidence <= 1 + 1e-6)) throw rangeError(where, 'confidences', 'in [0, 1]', confidence);
  return Math.min(confidence, 1);
}

/** The rows that count, from labelled scores or from confidences and hits. */
export function checkConfidenceRows(
  where: string,
  rows: ConfidenceRows | LabelledScores,
  options: CheckedConfidenceOptions,
): CheckedRows {
  checkRecord(where, 'rows', rows, 'a record of confidences and hits, or of labels and scores');
  if (!('confidences' in rows)) {
    const { confidences, correct, rowWeights } = confidencesOf(
      where,
      checkScores(where, rows, options.ignoreIndex),
      readRanks(where, options),
    );
    return rowsThatCount({ confidences, correct, weights: rowWeights });
  }
  for (const name of ['rank', 'withinTop', 'ignoreIndex'] as const) {
    if ((options[name] ?? null) !== null) {
      throw rangeError(where, name, 'left out where confidences are given', options[name], hintOfRanks);
    }
  }
  const confidences = toHostTensor(rows.confidences, where, 'confidences');
  const correct = toHostTensor(rows.correct, where, 'correct');
  checkNotEmpty(where, 'confidences', confidences.shape);
  checkSameShape(where, 'correct', correct.shape, 'confidences', confidences.shape);
  const weights = checkWeights(where, rows.rowWeights, confidences.shape, undefined, null);
  const kept = rowsThatCount({
    confidences: Float64Array.from(confidences.data),
    correct: Float64Array.from(correct.data),
    weights,
  });
  const outside = kept.correct.find((value) => value !== 0 && value !== 1);
  if (outside !== undefined) throw rangeError(where, 'correct', '0 or 1', outside);
  return { ...kept, confidences: kept.confidences.map((value) => inRange(where, value)) };
}

const hintOfRanks = 'It is an option of topLabelConfidences, which makes confidences of scores.';

function rowsThatCount({ confidences, correct, weights }: CheckedRows): CheckedRows {
  if (!weights?.includes(0)) return { confidences, correct, weights };
  const counts = (_: number, row: number) => weights[row] !== 0;
  return { confidences: confidences.filter(counts), correct: correct.filter(counts), weights: weights.filter(counts) };
}

/** Σ w: the number of rows where they count alike. */
export function totalWeight({ confidences, weights }: CheckedRows): number {
  return weights === undefined ? confidences.length : weights.reduce((sum, weight) => sum + weight, 0);
}
