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
  // A row of zeros over 1 stays one: a choice for each row costs nothing, one for each number a pass.
  const divisors = backend.where(lengths, lengths, backend.scalar(1));
  return { directions: backend.divide(x, divisors), lengths };
}

/** The gradient in x from the gradient g in the directions v, which is finite: (g − v·(v·g))/‖x‖. */
export function unitRowsGradient<T>(backend: Backend<T>, { directions, lengths }: UnitRows<T>, gradient: T): T {
  const along = backend.sum(backend.multiply(directions, gradient), { axis: -1, keepDims: true });
  const across = backend.subtract(gradient, backend.multiply(directions, along));
  return backend.multiply(across, inverseLengths(backend, lengths));
}

/** 1/‖x‖, and 0 for a row of zeros. */
export function inverseLengths<T>(backend: Backend<T>, lengths: T): T {
  return backend.where(lengths, backend.divide(backend.scalar(1), lengths), backend.scalar(0));
}
