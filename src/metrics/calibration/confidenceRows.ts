/** Confidences and hits, one a row, on the host: what the one-shot calibration errors take. */
import { checkNotEmpty, checkSameShape, rangeError } from '../../check.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';

/** One confidence and one hit a row. */
export interface ConfidenceRows {
  /** [...], in [0, 1]. */
  readonly confidences: TensorLike;
  /** [...], 1 where the prediction is right (or the event happened), else 0. */
  readonly correct: TensorLike;
}

/** Confidences and hits, checked and in float64. */
export interface CheckedRows {
  readonly confidences: Float64Array;
  readonly correct: Float64Array;
}

/** Checks confidences alone. */
export function checkConfidences(where: string, confidences: TensorLike): Float64Array {
  const { data, shape } = toHostTensor(confidences, where, 'confidences');
  checkNotEmpty(where, 'confidences', shape);
  // A float32 top probability may be 1.0000001.
  const outside = data.find((value) => !(value >= 0 && value <= 1 + 1e-6));
  if (outside !== undefined) throw rangeError(where, 'confidences', 'in [0, 1]', outside);
  return Float64Array.from(data, (value) => Math.min(value, 1));
}

/** Checks confidences and hits. */
export function checkConfidenceRows(where: string, rows: ConfidenceRows): CheckedRows {
  const confidences = checkConfidences(where, rows.confidences);
  const correct = toHostTensor(rows.correct, where, 'correct');
  const { shape } = toHostTensor(rows.confidences, where, 'confidences');
  checkSameShape(where, 'correct', correct.shape, 'confidences', shape);
  const outside = correct.data.find((value) => value !== 0 && value !== 1);
  if (outside !== undefined) throw rangeError(where, 'correct', '0 or 1', outside);
  return { confidences, correct: Float64Array.from(correct.data) };
}
