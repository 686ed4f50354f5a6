/** What every backend asks of its members' arguments: one rule and one sentence for all of them. */
import type { MatMulOptions, Shape } from './backend.ts';
import { checkSameShape, describe, describeShape, kindError, rangeError, shapeError } from './check.ts';
import { type HostTensor, isSameShape, isTypedArray, sizeOf } from './tensor.ts';

/** Whose tensors they are: an object that each backend makes once, and that its tensors carry. */
export interface Owner {
  /** The backend's factory. */
  readonly backend: string;
}

/** The error for an argument that is no tensor of the backend it was given to. */
export function foreignError(owner: Owner, member: string, argument: string, value: unknown): TypeError {
  const other = (value as { readonly owner?: Partial<Owner> } | null | undefined)?.owner?.backend;
  const got = other === undefined ? describe(value) : `one of ${other === owner.backend ? 'another' : 'a'} ${other}`;
  return new TypeError(`${owner.backend}.${member}: ${argument} must be a tensor of this backend, got ${got}.`);
}

/** Requires a list of whole numbers of at least 0; returns their product, the number of elements. */
export function checkExtents(where: string, shape: Shape): number {
  let size = Array.isArray(shape) ? 1 : Number.NaN;
  for (let axis = 0; axis < shape?.length; axis++) {
    const extent = shape[axis]!;
    size *= Number.isSafeInteger(extent) && extent >= 0 ? extent : Number.NaN;
  }
  if (Number.isNaN(size)) throw kindError(where, 'shape', 'a list of whole numbers of at least 0', shape);
  return size;
}

/** Requires typed numbers, as many as the shape asks for. */
export function checkHostTensor(where: string, host: HostTensor): void {
  if (!isTypedArray(host?.data)) {
    throw kindError(where, 'tensor', '{ data, shape } with a typed array of numbers', host, 'tensor() makes one.');
  }
  const { length } = host.data;
  if (checkExtents(where, host.shape) !== length) {
    const hint = length === 0 ? 'A view of memory that has grown since is empty.' : undefined;
    throw shapeError(where, 'tensor', `of a shape that fits its ${length} elements`, host.shape, hint);
  }
}

/** Requires a number; NaN and infinities are numbers. */
export function checkNumber(where: string, value: number): void {
  if (typeof value !== 'number') throw kindError(where, 'value', 'a number', value);
}

/** Requires a shape of as many elements as another one. */
export function checkReshape(where: string, from: Shape, shape: Shape): void {
  if (checkExtents(where, shape) !== sizeOf(from)) {
    throw new TypeError(
      `${where}: shape must hold ${sizeOf(from)} elements, got ${describeShape(shape)} for ${describeShape(from)}.`,
    );
  }
}

/** Requires the number of classes of a one-hot tensor. */
export function checkDepth(where: string, depth: number): void {
  if (!Number.isSafeInteger(depth) || depth < 1) {
    throw rangeError(where, 'depth', 'a whole number of at least 1', depth);
  }
}

/** The axes in their new order, none negative; without a permutation the last two swap. */
export function permutationOf(
  where: string,
  rank: number,
  permutation: readonly number[] | undefined,
): readonly number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (permutation === undefined) {
    if (rank < 2) throw kindError(where, 'x', 'of at least two axes where no permutation is given', `${rank} axes`);
    return [...axes.slice(0, -2), rank - 1, rank - 2];
  }
  const order = Array.isArray(permutation) ? permutation.map((axis) => (axis < 0 ? axis + rank : axis)) : [];
  if (!Array.isArray(permutation) || order.length !== rank || axes.some((axis) => !order.includes(axis))) {
    const hint = 'A negative axis counts from the last.';
    throw kindError(where, 'permutation', `a list that names each of ${rank} axes once`, permutation, hint);
  }
  return order;
}

/** The extents of a matrix product. */
export interface ProductExtents {
  readonly batch: Shape;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Requires matrices that fit, with equal leading axes. */
export function productExtents(
  where: string,
  a: Shape,
  b: Shape,
  { transposeA = false, transposeB = false }: MatMulOptions,
): ProductExtents {
  const batch = a.slice(0, -2);
  const [aRows = 0, aColumns = 0] = a.slice(-2);
  const [bRows = 0, bColumns = 0] = b.slice(-2);
  const [rows, inner] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [innerOfB, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (a.length < 2 || inner !== innerOfB || !isSameShape(batch, b.slice(0, -2)) || a.length !== b.length) {
    const shapes = `${describeShape(a)}${transposeA ? ' transposed' : ''} and ${describeShape(b)}`;
    throw new TypeError(
      `${where}: matrices must fit, with equal leading axes, got ${shapes}${transposeB ? ' transposed' : ''}.`,
    );
  }
  return { batch, rows, inner, columns };
}

/** The error for an index that names no row. */
export function rowNumberError(where: string, rows: number, index: number): RangeError {
  return rangeError(where, 'indices', `row numbers in [0, ${rows})`, index);
}

/** Requires whole numbers in [0, rows). */
export function checkRowNumbers(where: string, rows: number, indices: ArrayLike<number>): void {
  for (let at = 0; at < indices.length; at++) {
    const index = indices[at]!;
    if (!(index >= 0 && index < rows && Number.isInteger(index))) throw rowNumberError(where, rows, index);
  }
}

/** Requires rows in place of others: whole row numbers, all different, and a row for each. */
export function checkReplacement(where: string, x: Shape, positions: ArrayLike<number>, replacement: Shape): void {
  const [rows] = x;
  if (rows === undefined) throw shapeError(where, 'x', 'of shape [rows, ...]', x);
  const wanted = [positions.length, ...x.slice(1)];
  if (!isSameShape(wanted, replacement)) {
    throw shapeError(where, 'replacement', `of shape ${describeShape(wanted)}`, replacement);
  }
  const named = new Set<number>();
  for (let at = 0; at < positions.length; at++) {
    const position = positions[at]!;
    if (!(position >= 0 && position < rows && Number.isInteger(position)) || named.has(position)) {
      throw rangeError(where, 'positions', `row numbers in [0, ${rows}), all different`, position);
    }
    named.add(position);
  }
}

/** Requires an axis to walk along. */
export function checkLastAxis(where: string, argument: string, shape: Shape): void {
  if (shape.length === 0) throw shapeError(where, argument, 'of shape [..., n]', shape);
}

/** Requires indices for each row of `x`: an axis of their own after `x`'s leading ones. */
export function checkTake(where: string, x: Shape, indices: Shape): void {
  checkLastAxis(where, 'x', x);
  const leading = x.slice(0, -1);
  if (indices.length > 0 && isSameShape(leading, indices.slice(0, -1))) return;
  throw shapeError(where, 'indices', `of shape [${[...leading, 'k'].join(', ')}], after x`, indices);
}

/** Requires an index for each update, and a size to add them up in. */
export function checkScatter(where: string, indices: Shape, updates: Shape, size: number): void {
  checkLastAxis(where, 'indices', indices);
  checkSameShape(where, 'updates', updates, 'indices', indices);
  if (!Number.isSafeInteger(size) || size < 1) throw rangeError(where, 'size', 'a whole number of at least 1', size);
}

/** Watches over a tensor that is written in parts: the rows that follow, no others, and all of them. */
export interface RowsWatch {
  /** Requires rows that are still to come. */
  add(rows: Shape): void;
  /** Requires that there are none. */
  complete(): void;
}

/** Watches over the rows of a tensor of this shape. */
export function watchRows(where: string, shape: Shape): RowsWatch {
  checkExtents(where, shape);
  const [rows, ...rowShape] = shape;
  if (rows === undefined) throw shapeError(where, 'shape', 'of shape [rows, ...]', shape);
  let left = rows;
  return {
    add(part) {
      if (part.length === 0 || !isSameShape(rowShape, part.slice(1)) || part[0]! > left) {
        throw shapeError(where, 'rows', `at most ${left} of ${describeShape(shape)} that are left`, part);
      }
      left -= part[0]!;
    },
    complete() {
      if (left > 0) throw rangeError(where, 'rows', `all ${rows} written before finish()`, rows - left);
    },
  };
}
