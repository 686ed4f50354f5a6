import type { Backend } from '../../backend.ts';
import { checkIsBackend, rangeError, shapeError } from '../../check.ts';
import { hostInputs, type Inputs, inputsOn } from '../../inputs.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { logOdds } from '../../ops/logOdds.ts';
import { pairMomentsOf } from '../../ops/pairMoments.ts';
import { noDistributionFault } from '../../ops/scoreFaults.ts';
import { type OptionReader, optional, readOptions, within } from '../../options.ts';
import type { HostTensor, TensorLike } from '../../tensor.ts';
import { areEqual, type ConfidenceLine, confidenceLine } from './confidenceLine.ts';

/** Options of `confidenceDeviation`: at most one of `bottom` and `top`; all rows, when both are left out. */
export interface ConfidenceDeviationOptions {
  /** Fit the rows of lowest teacher confidence, this share of them, in (0, 1]: 0.25 is the bottom 25 percent. */
  readonly bottom?: number;
  /** Fit the rows of highest teacher confidence, this share of them, in (0, 1]. */
  readonly top?: number;
  /** The probability that the interval holds. Default 0.95. */
  readonly level?: number;
}

/** What `confidenceDeviation` returns. */
export interface ConfidenceDeviationResult extends ConfidenceLine {
  /** The teacher's value up to which (`bottom`) or from which (`top`) rows are fitted; null where all are. */
  readonly threshold: number | null;
  /** The scatter plot: a point for each row with finite values, in the rows' order. */
  readonly scatter: {
    /** φ of the teacher: the horizontal axis. */
    readonly teacher: Float64Array;
    /** φ of the student on the same class: the vertical axis. */
    readonly student: Float64Array;
    /** 1 where the line is fitted to the point. */
    readonly fitted: Uint8Array;
  };
}

const owner = {
  name: 'confidenceDeviation',
  inputs: ['teacherLogits', 'studentLogits'],
  optionalInputs: [],
} as const;

/**
 * How a student's confidence deviates from its teacher's, row by row: the scatter of log-odds on the teacher's top class,
 * and the least-squares line through a stated part of it. With k = argmax of the teacher's logits,
 *
 *     φ(u) = log(u/(1 − u)) = z_k − log Σ_{j ≠ k} exp(z_j)        x = φ of the teacher, y = φ of the student
 *
 * A slope above 1 over the bottom of the teacher's confidence, or over its top, says that the student exaggerates it.
 * `bottom: q` fits the rows with x at most the ⌈q·n⌉-th smallest; rows tied with it count, so that the result does not
 * depend on the rows' order. Rows with an infinite value are counted apart.
 *
 * A percentile needs every sample, so this function takes all rows in one go; `confidenceSlope` is the metric that streams.
 *
 * @param inputs `teacherLogits` and `studentLogits` [..., classes], with at least 2 classes.
 * @throws RangeError for NaN in the logits, or a row that is no distribution; for a share outside (0, 1].
 * @example
 * const { value, interval, scatter } = confidenceDeviation({ teacherLogits, studentLogits }, { bottom: 0.25 });
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), sections 3, C.4
 */
export function confidenceDeviation(
  inputs: Inputs<'teacherLogits' | 'studentLogits', never, TensorLike>,
  options: ConfidenceDeviationOptions = {},
): ConfidenceDeviationResult {
  const checked = checkConfidenceOptions(options);
  const { teacherLogits, studentLogits } = hostInputs(owner, inputs);
  checkPair({ shapeOf: (x: HostTensor) => x.shape } as Backend<HostTensor>, { teacherLogits, studentLogits });
  const classes = teacherLogits.shape.at(-1)!;
  const rows = teacherLogits.data.length / classes;
  const teacher = new Float64Array(rows);
  const student = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    let top = start;
    for (let index = start + 1; index < start + classes; index++) {
      if (teacherLogits.data[index]! > teacherLogits.data[top]!) top = index;
    }
    teacher[row] = hostLogOdds(teacherLogits, start, classes, top);
    student[row] = hostLogOdds(studentLogits, start, classes, top);
  }
  return deviationOf(teacher, student, checked);
}

/**
 * `confidenceDeviation` on tensors of any backend: the confidence values are computed on the device and read once.
 *
 * @example
 * const { value } = await confidenceDeviationOn(tfjsBackend(), { teacherLogits, studentLogits }, { bottom: 0.25 });
 */
export async function confidenceDeviationOn<T>(
  backend: Backend<T>,
  inputs: Inputs<'teacherLogits' | 'studentLogits', never, NoInfer<T> | TensorLike>,
  options: ConfidenceDeviationOptions = {},
): Promise<ConfidenceDeviationResult> {
  checkIsBackend('confidenceDeviationOn', backend);
  const checked = checkConfidenceOptions(options);
  const values = backend.scope(() => {
    const { teacherLogits, studentLogits } = inputsOn(backend, owner, inputs);
    checkPair(backend, { teacherLogits, studentLogits });
    const topClass = backend.argMax(teacherLogits);
    return [logOdds(backend, teacherLogits, topClass), logOdds(backend, studentLogits, topClass)] as const;
  });
  try {
    const [teacher, student] = await Promise.all([backend.read(values[0]), backend.read(values[1])]);
    return deviationOf(Float64Array.from(teacher.data), Float64Array.from(student.data), checked);
  } finally {
    for (const value of values) backend.dispose(value);
  }
}

function checkPair<T>(backend: Backend<T>, logits: { readonly teacherLogits: T; readonly studentLogits: T }): void {
  checkLogitPair(backend, owner.name, logits);
  const shape = backend.shapeOf(logits.studentLogits);
  if (shape.at(-1)! < 2) throw shapeError(owner.name, 'logits', 'of at least 2 classes', shape);
}

interface CheckedOptions {
  readonly bottom: number | undefined;
  readonly top: number | undefined;
  readonly level: number;
}

function checkConfidenceOptions(options: ConfidenceDeviationOptions): CheckedOptions {
  const { bottom, top, level } = readOptions(owner.name, options, {
    bottom: optional(share),
    top: optional(share),
    level: within(0, 1 - 1e-9, 0.95),
  });
  if (bottom !== undefined && top !== undefined) {
    throw rangeError(owner.name, 'top', 'left out where bottom is given', top, 'Call twice for both ends.');
  }
  return { bottom, top, level };
}

/** The reader of a share that is not empty. */
const share: OptionReader<number> = (where, name, given) => {
  if (typeof given === 'number' && given > 0 && given <= 1) return given;
  throw rangeError(where, name, 'in (0, 1]', given);
};

/** z_top − log Σ over the other classes of a row, in float64. */
function hostLogOdds({ data }: HostTensor, start: number, classes: number, top: number): number {
  let highest = -Infinity;
  for (let index = start; index < start + classes; index++) {
    if (index !== top && data[index]! > highest) highest = data[index]!;
  }
  // Where all the others are −Infinity, −∞ − (−∞) would be NaN.
  const shift = highest === -Infinity ? 0 : highest;
  let total = 0;
  for (let index = start; index < start + classes; index++) {
    if (index !== top) total += Math.exp(data[index]! - shift);
  }
  return data[top]! - (Math.log(total) + shift);
}

function deviationOf(
  allTeacher: Float64Array,
  allStudent: Float64Array,
  { bottom, top, level }: CheckedOptions,
): ConfidenceDeviationResult {
  const invalid = allTeacher.reduce((n, x, row) => n + (Number.isNaN(x) || Number.isNaN(allStudent[row]!) ? 1 : 0), 0);
  if (invalid > 0) {
    const { argument, expected, counted } = noDistributionFault;
    throw rangeError(owner.name, argument, expected, `${invalid} ${counted}`);
  }
  const kept = (_: number, row: number): boolean =>
    Number.isFinite(allTeacher[row]!) && Number.isFinite(allStudent[row]!);
  const teacher = allTeacher.filter(kept);
  const student = allStudent.filter(kept);

  const ascending = teacher.slice().sort();
  const rows = ascending.length;
  let [lowest, highest] = [-Infinity, Infinity];
  if (bottom !== undefined && rows > 0) highest = ascending[Math.ceil(bottom * rows) - 1]!;
  if (top !== undefined && rows > 0) lowest = ascending[rows - Math.ceil(top * rows)]!;
  const fitted = Uint8Array.from(teacher, (x) => (x >= lowest && x <= highest ? 1 : 0));

  const x = teacher.filter((_, row) => fitted[row] === 1);
  const y = student.filter((_, row) => fitted[row] === 1);
  const [low, high] = [-1, 1].map((sign) => sign * x.reduce((most, value) => Math.max(most, sign * value), -Infinity));
  const constant = x.length === 0 || areEqual(low!, high!);
  const line = confidenceLine(pairMomentsOf(x, y), { constant, infinite: allTeacher.length - rows, level });
  const threshold = rows === 0 ? null : bottom !== undefined ? highest : top !== undefined ? lowest : null;
  return { ...line, threshold, scatter: { teacher, student, fitted } };
}
