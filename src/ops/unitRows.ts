/** Rows brought to length 1. A row of zeros has no direction: it stays zero and gets gradient 0, never NaN. */
import type { Backend } from '../backend.ts';

/** Rows of length 1 (or 0), and the lengths they had, [rows, 1]. */
export interface UnitRows<T> {
  readonly directions: T;
  readonly lengths: T;
}

/** x/‖x‖ for each row of a matrix. */
export function unitRows<T>(backend: Backend<T>, x: T): UnitRows<T> {
  const lengths = backend.sqrt(backend.sum(backend.multiply(x, x), { axis: -1, keepDims: true }));
  return { directions: quotient(backend, x, lengths), lengths };
}

/** The gradient in x from the gradient g in the directions v: (g − v·(v·g))/‖x‖. */
export function unitRowsGradient<T>(backend: Backend<T>, { directions, lengths }: UnitRows<T>, gradient: T): T {
  const along = backend.sum(backend.multiply(directions, gradient), { axis: -1, keepDims: true });
  return quotient(backend, backend.subtract(gradient, backend.multiply(directions, along)), lengths);
}

function quotient<T>(backend: Backend<T>, x: T, lengths: T): T {
  return backend.where(lengths, backend.divide(x, lengths), backend.scalar(0));
}
