/** Scores, labels and row weights on the host: what the calibration metrics that need all rows at once are given. */
import { checkRecord, checkSameShape, rangeError, shapeError } from '../../check.ts';
import { sumTolerance } from '../../ops/scoreFaults.ts';
import { sizeOf, type TensorLike, type TypedArray, toHostTensor } from '../../tensor.ts';
import { checkOneScore } from './scoreInputs.ts';

/** Labelled scores of rows: exactly one of probabilities and logits. */
export interface LabelledScores {
  /** [..., classes] */
  readonly probabilities?: TensorLike;
  /** [..., classes] */
  readonly logits?: TensorLike;
  /** [...] */
  readonly labels: TensorLike;
  /** [...], at least 0: a row of weight 2 counts as two rows, and one of weight 0, which may hold anything, as none. */
  readonly rowWeights?: TensorLike;
}

/** Labelled scores after every check. */
export interface CheckedScores {
  readonly from: 'probabilities' | 'logits';
  /** Row-major [rows, classes]. */
  readonly scores: TypedArray;
  readonly labels: TypedArray;
  readonly classes: number;
  /** Undefined where all rows count alike. */
  readonly weights: Float64Array | undefined;
}

/** Checks labelled scores; rows whose label is `ignoreIndex` get the weight 0. */
export function checkScores(where: string, inputs: LabelledScores, ignoreIndex: number | null): CheckedScores {
  checkRecord(where, 'inputs', inputs, 'a record of labels and scores');
  const from = checkOneScore(where, inputs.probabilities, inputs.logits);
  const { data: scores, shape } = toHostTensor(inputs[from]!, where, from);
  const { data: labels, shape: labelShape } = toHostTensor(inputs.labels, where, 'labels');
  const classes = shape.at(-1) ?? 0;
  if (scores.length === 0) throw shapeError(where, from, 'of shape [..., classes]', shape);
  const rows = scores.length / classes;
  checkSameShape(where, 'labels', labelShape, 'the rows', shape.slice(0, -1));
  const weights = checkWeights(where, inputs.rowWeights, shape.slice(0, -1), labels, ignoreIndex);
  for (let row = 0; row < rows; row++) {
    if (weights?.[row] === 0) continue;
    const label = labels[row]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw rangeError(where, 'labels', `whole numbers in [0, ${classes})`, label);
    }
    checkRow(where, from, scores.subarray(row * classes, (row + 1) * classes));
  }
  return { from, scores, labels, classes, weights };
}

function checkRow(where: string, from: 'probabilities' | 'logits', row: TypedArray): void {
  let sum = 0;
  let largest = -Infinity;
  let smallest = Infinity;
  for (const score of row) {
    sum += score;
    if (score > largest) largest = score;
    if (score < smallest) smallest = score;
  }
  if (from === 'logits') {
    // −Infinity is a class that cannot be; two infinities of different signs add up to NaN.
    if (Number.isNaN(sum) && row.some(Number.isNaN)) throw rangeError(where, from, 'free of NaN', Number.NaN);
    if (!Number.isFinite(largest)) throw rangeError(where, from, 'rows with a finite largest logit', largest);
    return;
  }
  if (Number.isNaN(sum)) throw rangeError(where, from, 'free of NaN', Number.NaN);
  if (smallest < -1e-6) throw rangeError(where, from, 'at least 0', smallest);
  if (Math.abs(sum - 1) > sumTolerance) throw rangeError(where, from, `rows that sum to 1 within ${sumTolerance}`, sum);
}

/**
 * Row weights of a shape, with 0 for rows labelled `ignoreIndex`; undefined where every row counts alike.
 *
 * @throws RangeError for weights that are none, and where no row counts.
 */
export function checkWeights(
  where: string,
  given: TensorLike | undefined,
  shape: readonly number[],
  labels: ArrayLike<number> | undefined,
  ignoreIndex: number | null,
): Float64Array | undefined {
  if (given === undefined && (labels === undefined || ignoreIndex === null)) return undefined;
  const weights = new Float64Array(sizeOf(shape)).fill(1);
  if (given !== undefined) {
    const rowWeights = toHostTensor(given, where, 'rowWeights');
    checkSameShape(where, 'rowWeights', rowWeights.shape, 'the rows', shape);
    const wrong = rowWeights.data.find((weight) => !(weight >= 0 && weight < Infinity));
    if (wrong !== undefined) throw rangeError(where, 'rowWeights', 'finite numbers of at least 0', wrong);
    weights.set(rowWeights.data);
  }
  if (labels !== undefined && ignoreIndex !== null) {
    for (let row = 0; row < weights.length; row++) if (labels[row] === ignoreIndex) weights[row] = 0;
  }
  if (weights.every((weight) => weight === 0)) throw rangeError(where, 'number of rows that count', 'at least 1', 0);
  return weights;
}
