import type { Backend } from '../backend.ts';

/** One number a row, [...], as a column [..., 1] that broadcasts over the row's elements. */
export function asColumn<T>(backend: Backend<T>, rows: T): T {
  return backend.reshape(rows, [...backend.shapeOf(rows), 1]);
}

/** A column [..., 1] as one number a row, [...]. */
export function asRows<T>(backend: Backend<T>, column: T): T {
  return backend.reshape(column, backend.shapeOf(column).slice(0, -1));
}
