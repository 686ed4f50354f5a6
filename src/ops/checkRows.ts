/** Checks of inputs that come in rows: logits, labels, row weights. */
import type { Backend, Shape } from '../backend.ts';
import { checkNotEmpty, checkSameShape, kindError, rangeError, shapeError } from '../check.ts';
import { isSameShape } from '../tensor.ts';
import { placeOfAxis } from './classAxis.ts';
import { holdsDoubles } from './holdsDoubles.ts';
import { usualIgnoreIndex } from './rowReduction.ts';

/**
 * Requires logits of shape [..., classes], or with the classes along another axis, at least one row and two classes; returns
 * the shape of the rows.
 */
export function checkLogits<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  logits: T,
  axis = -1,
  leastClasses = 2,
): readonly number[] {
  const shape = backend.shapeOf(logits);
  if (shape.length === 0) throw shapeError(where, argument, 'of shape [..., classes]', shape);
  checkNotEmpty(where, argument, shape);
  const place = placeOfAxis(where, argument, shape, axis);
  if (shape[place]! < leastClasses) throw rangeError(where, argument, 'of at least 2 classes', 1, oneClassHint);
  return shape.filter((_, index) => index !== place);
}

const oneClassHint =
  'Of a binary score z give the pair [0, z], of a probability p the pair [1 − p, p]; labels that do not exclude one another ' +
  'need a binary loss. Classes along another axis come last, or are named by the option axis of losses.';

/** Requires teacher logits of the student's shape; a loss that makes no softmax of them may take a single class. */
export function checkLogitPair<T>(
  backend: Backend<T>,
  where: string,
  { studentLogits, teacherLogits }: { readonly studentLogits: T; readonly teacherLogits: T },
  axis = -1,
  leastClasses = 2,
): readonly number[] {
  const rows = checkLogits(backend, where, 'studentLogits', studentLogits, axis, leastClasses);
  const shape = backend.shapeOf(studentLogits);
  const teacherShape = backend.shapeOf(teacherLogits);
  const place = placeOfAxis(where, 'studentLogits', shape, axis);
  const rest = teacherShape.filter((_, index) => index !== place);
  if (isSameShape(rest, rows) && teacherShape[place] !== shape[place]) {
    const expected = `of the student's ${shape[place]} classes`;
    throw rangeError(where, 'teacherLogits', expected, teacherShape[place], vocabularyHint);
  }
  checkSameShape(where, 'teacherLogits', teacherShape, 'studentLogits', shape);
  return rows;
}

const vocabularyHint =
  'Where vocabularies differ, the option vocabulary of losses on tokens says how classes correspond.';

/** What tells which rows count: the others may hold anything. */
export interface RowCounts<T> {
  readonly labels?: T | undefined;
  readonly rowWeights?: T | undefined;
  readonly ignoreIndex?: number | null;
}

/** Whether a row counts, where reading is free. */
export function countsOf<T>(backend: Backend<T>, { labels, rowWeights, ignoreIndex = null }: RowCounts<T>) {
  const weights = rowWeights && backend.readSync?.(rowWeights).data;
  const mask = labels !== undefined && ignoreIndex !== null ? backend.readSync?.(labels).data : undefined;
  return (row: number): boolean => weights?.[row] !== 0 && mask?.[row] !== ignoreIndex;
}

/**
 * Requires labels in the shape of the rows and, where reading is free, whole numbers in [0, classes) in every row that
 * counts. Elsewhere a label outside the range is met on the device: losses give NaN for its row, metrics count it.
 */
export function checkLabels<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  labels: T,
  rows: readonly number[],
  classes: number,
  counts: RowCounts<T> = {},
): void {
  checkSameShape(
    where,
    argument,
    backend.shapeOf(labels),
    'the rows',
    rows,
    labelHint(backend.shapeOf(labels), rows, classes),
  );
  const data = backend.readSync?.(labels).data ?? [];
  const isCounted = countsOf(backend, counts);
  for (let row = 0; row < data.length; row++) {
    const label = data[row]!;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    if (isCounted(row)) throw rangeError(where, argument, `whole numbers in [0, ${classes})`, label);
  }
}

/** What labels of another shape are likely meant to be. */
function labelHint(shape: Shape, rows: Shape, classes: number): string | undefined {
  const leading = isSameShape(shape.slice(0, -1), rows);
  if (leading && shape.at(-1) === classes && classes > 1) {
    return 'One-hot labels: give the number of the class. Soft ones: softCrossEntropy, with their logarithms as teacherLogits.';
  }
  if (leading && shape.at(-1) === 1) return 'Give one label a row, without an axis of its own.';
  if (shape.length === rows.length && rows.length > 1) {
    return 'Where the classes are not the last axis, the option axis of losses says which one is.';
  }
  return undefined;
}

/** Requires numbers in the shape of the rows and, where reading is free, finite ones in every row that counts. */
export function checkNumbers<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  numbers: T,
  rows: readonly number[],
  counts: RowCounts<T> = {},
): void {
  checkEach(backend, where, argument, numbers, rows, counts, 'finite numbers', Number.isFinite);
}

/** Requires numbers that have an order, which NaN has not. */
export function checkOrdered<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  numbers: T,
  rows: readonly number[],
  counts: RowCounts<T> = {},
): void {
  checkEach(backend, where, argument, numbers, rows, counts, 'free of NaN', (value) => !Number.isNaN(value));
}

function checkEach<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  numbers: T,
  rows: readonly number[],
  counts: RowCounts<T>,
  expected: string,
  fits: (value: number) => boolean,
): void {
  checkSameShape(where, argument, backend.shapeOf(numbers), 'the rows', rows);
  const data = backend.readSync?.(numbers).data ?? [];
  const isCounted = countsOf(backend, counts);
  for (let row = 0; row < data.length; row++) {
    if (!fits(data[row]!) && isCounted(row)) throw rangeError(where, argument, expected, data[row]);
  }
}

/** Requires a pair of logits, and labels as `checkLabels` does; returns the shape of the rows. */
export function checkLabelledPair<T>(
  backend: Backend<T>,
  where: string,
  inputs: {
    readonly studentLogits: T;
    readonly teacherLogits: T;
    readonly labels: T;
    readonly rowWeights?: T | undefined;
  },
  ignoreIndex: number | null,
): readonly number[] {
  const rows = checkLogitPair(backend, where, inputs);
  const classes = backend.shapeOf(inputs.studentLogits).at(-1)!;
  checkLabels(backend, where, 'labels', inputs.labels, rows, classes, { ...inputs, ignoreIndex });
  return rows;
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
  let sum = 0;
  for (const weight of backend.readSync?.(rowWeights).data ?? []) {
    if (!(weight >= 0 && weight < Infinity)) {
      throw rangeError(where, 'rowWeights', 'finite numbers of at least 0', weight);
    }
    sum += weight;
  }
  // What is divided by an infinite sum is 0, whatever the rows are.
  const held = holdsDoubles(backend) ? sum : Math.fround(sum);
  if (held === Infinity)
    throw rangeError(where, 'rowWeights', "numbers whose sum is finite in the backend's precision", sum);
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
