import { kindError, rangeError, shapeError } from '../../check.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';
import { checkOneScore } from './scoreInputs.ts';

/** Inputs of `topLabelConfidences`: exactly one of probabilities and logits. */
export interface TopLabelInputs {
  /** [..., classes] */
  readonly probabilities?: TensorLike;
  /** [..., classes] */
  readonly logits?: TensorLike;
  /** [...] */
  readonly labels: TensorLike;
}

/** What `topLabelConfidences` returns: one number a row. */
export interface TopLabelConfidences {
  /** The probability of the predicted class. */
  readonly confidences: Float64Array;
  /** 1 where the predicted class is the label, else 0. */
  readonly correct: Float64Array;
  /** The first largest class. */
  readonly predictions: Int32Array;
}

/**
 * Confidence and correctness of each row on the host: what `equalMassCalibrationError`, `smoothCalibrationError` and a
 * bootstrap of either work on.
 *
 * @throws RangeError for NaN, a probability outside [0, 1], or a label out of range.
 * @example
 * const { confidences, correct } = topLabelConfidences({ logits: [[0, 2]], labels: [1] });
 */
export function topLabelConfidences(inputs: TopLabelInputs): TopLabelConfidences {
  const name = checkOneScore('topLabelConfidences', inputs.probabilities, inputs.logits);
  const { data, shape } = toHostTensor(inputs[name]!, 'topLabelConfidences', name);
  const labels = toHostTensor(inputs.labels, 'topLabelConfidences', 'labels').data;
  const classes = shape.at(-1) ?? 0;
  if (data.length === 0) throw shapeError('topLabelConfidences', name, 'of shape [..., classes]', shape);
  const rows = data.length / classes;
  if (labels.length !== rows) throw kindError('topLabelConfidences', 'labels', `${rows} labels`, labels.length);
  const result = {
    confidences: new Float64Array(rows),
    correct: new Float64Array(rows),
    predictions: new Int32Array(rows),
  };
  for (let row = 0; row < rows; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    const label = labels[row]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw rangeError('topLabelConfidences', 'labels', `whole numbers in [0, ${classes})`, label);
    }
    let top = 0;
    for (let index = 1; index < classes; index++) if (scores[index]! > scores[top]!) top = index;
    let sum = 0;
    for (const score of scores) sum += name === 'logits' ? Math.exp(score - scores[top]!) : score;
    const confidence = name === 'logits' ? 1 / sum : scores[top]!;
    if (Number.isNaN(sum)) throw rangeError('topLabelConfidences', name, 'free of NaN', 'NaN');
    if (name === 'probabilities' && Math.abs(sum - 1) > 1e-3) {
      throw rangeError('topLabelConfidences', 'probabilities', 'rows that sum to 1 within 0.001', sum);
    }
    result.confidences[row] = confidence;
    result.correct[row] = top === label ? 1 : 0;
    result.predictions[row] = top;
  }
  return result;
}
