/** Checks of inputs that come in rows: logits, labels, row weights. */
import type { Backend } from '../backend.ts';
import { checkNotEmpty, checkSameShape, kindError, rangeError, shapeError } from '../check.ts';
import { usualIgnoreIndex } from './rowReduction.ts';

/** Requires logits of shape [..., classes] with at least one row and one class; returns the shape of the rows. */
export function checkLogits<T>(backend: Backend<T>, where: string, argument: string, logits: T): readonly number[] {
  const shape = backend.shapeOf(logits);
  if (shape.length === 0) throw shapeError(where, argument, 'of shape [..., classes]', shape);
  checkNotEmpty(where, argument, shape);
  return shape.slice(0, -1);
}

/** Requires teacher logits of the student's shape. */
export function checkLogitPair<T>(
  backend: Backend<T>,
  where: string,
  { studentLogits, teacherLogits }: { readonly studentLogits: T; readonly teacherLogits: T },
): readonly number[] {
  const rows = checkLogits(backend, where, 'studentLogits', studentLogits);
  checkSameShape(
    where,
    'teacherLogits',
    backend.shapeOf(teacherLogits),
    'studentLogits',
    backend.shapeOf(studentLogits),
  );
  return rows;
}

/**
 * Requires labels in the shape of the rows and, where reading is free, whole numbers in [0, classes) or `ignoreIndex`.
 * Elsewhere a label outside the range is met on the device: losses give NaN for its row.
 */
export function checkLabels<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  labels: T,
  rows: readonly number[],
  classes: number,
  ignoreIndex: number | null = null,
): void {
  checkSameShape(where, argument, backend.shapeOf(labels), 'the rows', rows);
  for (const label of backend.readSync?.(labels).data ?? []) {
    if (label === ignoreIndex) continue;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw rangeError(where, argument, `whole numbers in [0, ${classes})`, label);
    }
  }
}

/** Requires row weights in the shape of the rows and, where reading is free, finite numbers of at least 0. */
export function checkRowWeights<T>(
  backend: Backend<T>,
  where: string,
  rowWeights: T | undefined,
  rows: readonly number[],
): void {
  if (rowWeights === undefined) return;
  checkSameShape(where, 'rowWeights', backend.shapeOf(rowWeights), 'the rows', rows);
  for (const weight of backend.readSync?.(rowWeights).data ?? []) {
    if (!(weight >= 0 && weight < Infinity)) {
      throw rangeError(where, 'rowWeights', 'finite numbers of at least 0', weight);
    }
  }
}

/** Requires labels that serve as a mask to have the shape of the rows, and to be there where a mask was asked for. */
export function checkMaskLabels<T>(
  backend: Backend<T>,
  where: string,
  labels: T | undefined,
  rows: readonly number[],
  ignoreIndex: number,
): void {
  if (labels === undefined) {
    if (ignoreIndex === usualIgnoreIndex) return;
    throw kindError(where, 'labels', 'given where ignoreIndex is set', labels);
  }
  const hint = 'Rows labelled ignoreIndex do not count; where the labels are not of these rows, set ignoreIndex: null.';
  checkSameShape(where, 'labels', backend.shapeOf(labels), 'the rows', rows, hint);
}
