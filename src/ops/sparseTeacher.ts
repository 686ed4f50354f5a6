/** A teacher that is known by its most likely classes: their numbers and log-probabilities in each row. */
import type { Backend, Shape } from '../backend.ts';
import { checkSameShape, rangeError, shapeError } from '../check.ts';
import { checkLogits, countsOf, type RowCounts } from './checkRows.ts';
import { appendColumn, bucketLogits, tailLogits } from './classBuckets.ts';
import { exponentialMinusOne } from './exponentialRemainder.ts';
import { flattenRows } from './flattenRows.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { logSumExp } from './logSumExp.ts';
import { scatterAlong } from './scatterAlong.ts';
import { sumTolerance } from './scoreFaults.ts';

/** What becomes of the classes that the list leaves out. */
export type MissingClasses = 'tail' | 'renormalize' | 'zero';

/** The student's logits and the teacher's list. */
export interface SparseInputs<T> {
  readonly studentLogits: T;
  readonly teacherIndices: T;
  readonly teacherLogProbabilities: T;
  readonly teacherTailLogProbability?: T | undefined;
}

/** What rounding may leave of a mass of 1 in float32, over some hundred classes. */
const roundingMass = 1e-5;

/** Requires lists that fit the student's rows and, where reading is free, hold classes once and no more than all the mass. */
export function checkSparseTeacher<T>(
  backend: Backend<T>,
  where: string,
  inputs: SparseInputs<T> & RowCounts<T>,
  ignoreIndex: number | null,
): Shape {
  const { studentLogits, teacherIndices, teacherLogProbabilities, teacherTailLogProbability } = inputs;
  const rows = checkLogits(backend, where, 'studentLogits', studentLogits);
  const shape = backend.shapeOf(teacherIndices);
  if (shape.length !== rows.length + 1 || shape.at(-1) === 0) {
    throw shapeError(where, 'teacherIndices', `of shape [${[...rows, 'K'].join(', ')}]`, shape);
  }
  checkSameShape(where, 'rows of teacherIndices', shape.slice(0, -1), 'those of studentLogits', rows);
  const listShape = backend.shapeOf(teacherLogProbabilities);
  checkSameShape(where, 'teacherLogProbabilities', listShape, 'teacherIndices', shape);
  if (teacherTailLogProbability !== undefined) {
    const tailShape = backend.shapeOf(teacherTailLogProbability);
    checkSameShape(where, 'teacherTailLogProbability', tailShape, 'the rows', rows);
  }
  const indices = backend.readSync?.(teacherIndices).data;
  const logs = backend.readSync?.(teacherLogProbabilities).data;
  if (!indices || !logs) return rows;
  const classes = backend.shapeOf(studentLogits).at(-1)!;
  const isCounted = countsOf(backend, { ...inputs, ignoreIndex });
  const width = shape.at(-1)!;
  for (let row = 0; row * width < indices.length; row++) {
    if (!isCounted(row)) continue;
    const at = row * width;
    checkList(where, row, indices.subarray(at, at + width), logs.subarray(at, at + width), classes);
  }
  return rows;
}

function checkList(
  where: string,
  row: number,
  indices: ArrayLike<number>,
  logs: ArrayLike<number>,
  classes: number,
): void {
  const seen = new Set<number>();
  let mass = 0;
  for (let at = 0; at < indices.length; at++) {
    const index = indices[at]!;
    if (index === -1) continue;
    if (!(Number.isInteger(index) && index >= 0 && index < classes)) {
      throw rangeError(where, 'teacherIndices', `whole numbers in [0, ${classes}), or −1 for padding`, index);
    }
    if (seen.has(index)) throw rangeError(where, `teacherIndices of row ${row}`, 'different', `${index} twice`);
    seen.add(index);
    mass += Math.exp(logs[at]!);
  }
  if (mass > 1 + sumTolerance) {
    const hint = 'Log-probabilities are normalised over all classes: logits less their log-sum-exp.';
    throw rangeError(where, 'teacherLogProbabilities', 'of at most 1 in a row, as probabilities', mass, hint);
  }
}

/** Both sides over the same buckets, [rows, K] or [rows, K + 1]. */
export interface SparseBuckets<T> {
  /** The class of each bucket; −1 for padding and the tail. */
  readonly indices: T;
  readonly student: T;
  readonly teacher: T;
}

/** Logits of the buckets: the student's, and the teacher's log-probabilities. A row without an entry gives equal sides. */
export function sparseBuckets<T>(
  backend: Backend<T>,
  inputs: SparseInputs<T>,
  missing: MissingClasses,
  temperature: number,
): SparseBuckets<T> {
  return backend.scope(() => {
    const zero = backend.scalar(0);
    const none = backend.scalar(-Infinity);
    const logits = flattenRows(backend, inputs.studentLogits);
    const listed = flattenRows(backend, inputs.teacherIndices);
    const padding = backend.greater(zero, listed);
    const entries = backend.sum(backend.subtract(backend.scalar(1), padding), { axis: -1, keepDims: true });
    const logs = backend.where(padding, none, flattenRows(backend, inputs.teacherLogProbabilities));
    if (missing === 'renormalize') {
      const student = backend.where(entries, bucketLogits(backend, logits, listed), zero);
      return { indices: listed, student, teacher: backend.where(entries, logs, zero) };
    }
    const indices = appendColumn(backend, listed, backend.scalar(-1));
    const tail = tailLogits(backend, outsideLogits(backend, logits, listed), temperature);
    const own = appendColumn(backend, bucketLogits(backend, logits, listed), tail);
    if (missing === 'zero') {
      const student = backend.where(entries, own, zero);
      return { indices, student, teacher: backend.where(entries, appendColumn(backend, logs, none), zero) };
    }
    const teacherTail = teacherTailLogits(backend, inputs, logs);
    // What rounding leaves of the teacher's mass would be infinitely unlikely where the student has no class for it.
    const isAll = backend.greater(entries, backend.scalar(backend.shapeOf(logits)[1]! - 1));
    const left = inputs.teacherTailLogProbability === undefined ? Math.log(roundingMass) : -Infinity;
    const isRounding = backend.multiply(
      isMinusInfinity(backend, tail),
      backend.greater(backend.scalar(left), teacherTail),
    );
    const dropped = backend.where(backend.maximum(isAll, isRounding), none, teacherTail);
    return { indices, student: own, teacher: appendColumn(backend, logs, dropped) };
  });
}

/** log(1 − Σ p) of each row, [rows, 1]; −Infinity where rounding has made the sum 1 or more. */
function teacherTailLogits<T>(backend: Backend<T>, inputs: SparseInputs<T>, logs: T): T {
  const { teacherTailLogProbability: given } = inputs;
  const rows = backend.shapeOf(logs)[0]!;
  if (given !== undefined) return backend.reshape(given, [rows, 1]);
  const mass = logSumExp(backend, logs, true);
  const zero = backend.scalar(0);
  const left = backend.log(backend.subtract(zero, exponentialMinusOne(backend, mass)));
  return backend.where(backend.greater(zero, mass), left, backend.scalar(-Infinity));
}

/** The logits [rows, classes] with −Infinity in place of the listed classes'. */
export function outsideLogits<T>(backend: Backend<T>, logits: T, indices: T): T {
  return backend.scope(() => {
    // −Infinity in the shape of the indices.
    const lowered = backend.where(backend.scalar(1), backend.scalar(-Infinity), indices);
    return backend.add(logits, scatterAlong(backend, indices, lowered, backend.shapeOf(logits)[1]!));
  });
}
