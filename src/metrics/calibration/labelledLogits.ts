/** Logits with class numbers or probabilities of each class, on the host: what a temperature is fitted to. */
import { checkRecord, describeShape, rangeError, shapeError } from '../../check.ts';
import { isSameShape, type TensorLike, type TypedArray, toHostTensor } from '../../tensor.ts';
import { checkWeights } from './hostScores.ts';

/** Rows held out for the fit of a temperature. */
export interface HeldOutRows {
  /** [..., classes] */
  readonly logits: TensorLike;
  /** Class numbers [...], or probabilities of each class [..., classes], which tell themselves apart by their shape. */
  readonly labels: TensorLike;
  /** [...], at least 0: a row of weight 2 counts as two rows, and one of weight 0, which may hold anything, as none. */
  readonly rowWeights?: TensorLike;
}

/** The rows after every check. */
export interface LabelledLogits {
  /** Row-major [rows, classes]. */
  readonly logits: TypedArray;
  /** [rows], or [rows, classes] where they are soft. */
  readonly labels: TypedArray;
  readonly isSoft: boolean;
  readonly classes: number;
  /** 0 for a row that does not count; undefined where all count alike. */
  readonly weights: Float64Array | undefined;
  /** Σ w. */
  readonly count: number;
}

/** Checks logits and labels; rows whose label is `ignoreIndex` get the weight 0. */
export function checkHeldOut(where: string, held: HeldOutRows, ignoreIndex: number | null): LabelledLogits {
  checkRecord(where, 'held', held, 'a record of logits and labels');
  const { data: logits, shape } = toHostTensor(held.logits, where, 'logits');
  const { data: labels, shape: labelShape } = toHostTensor(held.labels, where, 'labels');
  const classes = shape.at(-1) ?? 0;
  if (logits.length === 0) throw shapeError(where, 'logits', 'of shape [..., classes] with a row', shape);
  const rows = logits.length / classes;
  const isSoft = labelShape.length === shape.length && labelShape.every((extent, axis) => extent === shape[axis]);
  const rowShape = shape.slice(0, -1);
  if (!isSoft && !isSameShape(labelShape, rowShape)) {
    const expected = `${describeShape(rowShape)}, or that of the logits, for probabilities`;
    throw shapeError(where, 'labels', `of shape ${expected}`, labelShape);
  }
  if (isSoft && ignoreIndex !== null) {
    throw rangeError(where, 'ignoreIndex', 'left out with soft labels', ignoreIndex, 'rowWeights mask rows.');
  }
  const weights = checkWeights(where, held.rowWeights, rowShape, isSoft ? undefined : labels, ignoreIndex);
  for (let row = 0; row < rows; row++) {
    if (weights?.[row] === 0) continue;
    const own = logits.subarray(row * classes, (row + 1) * classes);
    const bad = own.find((value) => !(value < Infinity));
    if (bad !== undefined) throw rangeError(where, 'logits', 'numbers below Infinity', bad);
    if (isSoft) checkSoftLabel(where, own, labels.subarray(row * classes, (row + 1) * classes));
    else checkLabel(where, own, labels[row]!);
  }
  return { logits, labels, isSoft, classes, weights, count: weights?.reduce((sum, weight) => sum + weight, 0) ?? rows };
}

function checkLabel(where: string, logits: TypedArray, label: number): void {
  if (!(Number.isInteger(label) && label >= 0 && label < logits.length)) {
    throw rangeError(where, 'labels', `whole numbers in [0, ${logits.length})`, label);
  }
  if (logits[label] === -Infinity) throw rangeError(where, 'logits', 'finite at the label', -Infinity);
}

function checkSoftLabel(where: string, logits: TypedArray, probabilities: TypedArray): void {
  let sum = 0;
  probabilities.forEach((probability, index) => {
    if (!(probability >= 0)) throw rangeError(where, 'labels', 'probabilities of at least 0', probability);
    if (probability > 0 && logits[index] === -Infinity) {
      throw rangeError(where, 'logits', 'finite where a label has a probability', -Infinity);
    }
    sum += probability;
  });
  if (!(Math.abs(sum - 1) <= 1e-3)) throw rangeError(where, 'labels', 'rows that sum to 1 within 0.001', sum);
}
