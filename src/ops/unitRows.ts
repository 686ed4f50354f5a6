/**
 * Rows brought to length 1, of whatever scale: numbers whose squares would overflow or vanish are multiplied by a power of two first.
 * A row of zeros has no direction: it stays zero and gets gradient 0, never NaN.
 */
import type { Backend } from '../backend.ts';
import { squareRange } from './squareRange.ts';

/** Rows of length 1 (or 0), and the lengths they had, [rows, 1]. */
export interface UnitRows<T> {
  readonly directions: T;
  readonly lengths: T;
}

/** x/‖x‖ for each row of a matrix. */
export function unitRows<T>(backend: Backend<T>, x: T): UnitRows<T> {
  return directed(backend, [x])[0]!;
}

/** The same for two matrices of as many rows, which one walk may then find together. */
export function unitRowPair<T>(backend: Backend<T>, first: T, second: T): readonly [UnitRows<T>, UnitRows<T>] {
  const [one, two] = directed(backend, [first, second]);
  return [one!, two!];
}

/** The gradient in x from the gradient g in the directions v, which is finite: (g − v·(v·g))/‖x‖. */
export function unitRowsGradient<T>(backend: Backend<T>, { directions, lengths }: UnitRows<T>, gradient: T): T {
  const along = backend.sum(backend.multiply(directions, gradient), { axis: -1, keepDims: true });
  const across = backend.subtract(gradient, backend.multiply(directions, along));
  return backend.multiply(across, inverseLengths(backend, lengths));
}

/** 1/‖x‖, and 0 for a row of zeros, or of numbers so small that the inverse is none. */
export function inverseLengths<T>(backend: Backend<T>, lengths: T): T {
  const inverses = backend.divide(backend.scalar(1), lengths);
  return backend.where(backend.greater(backend.scalar(Infinity), inverses), inverses, backend.scalar(0));
}

function directed<T>(backend: Backend<T>, matrices: readonly T[]): readonly UnitRows<T>[] {
  const [zero, one] = [backend.scalar(0), backend.scalar(1)];
  const { lowest, highest, up, down } = squareRange(backend);
  const sides = matrices.map((x) => {
    const squares = backend.sum(backend.multiply(x, x), { axis: -1, keepDims: true });
    return {
      x,
      squares,
      large: backend.greater(squares, backend.scalar(highest)),
      small: backend.greater(backend.scalar(lowest), squares),
    };
  });
  // One condition for all: by it the compiler makes two versions of a walk, and the common one is that of plain squares.
  const outside = sides
    .map(({ large, small }) => backend.maximum(large, small))
    .reduce((any, side) => backend.maximum(any, side));
  return sides.map(({ x, squares, large, small }) => {
    const factors = backend.where(large, backend.scalar(down), backend.where(small, backend.scalar(up), one));
    // Through a maximum that changes nothing: a compiler joins the factors of products, and both together may leave the range.
    const alone = backend.maximum(x, backend.scalar(-Infinity));
    const scaled = backend.where(outside, backend.multiply(alone, factors), x);
    const parts = backend.where(outside, backend.multiply(scaled, scaled), zero);
    const rescued = backend.sum(parts, { axis: -1, keepDims: true });
    const lengths = backend.sqrt(backend.where(outside, rescued, squares));
    // A row of zeros over 1 stays one: a choice for each row costs nothing, one for each number a pass.
    const directions = backend.divide(scaled, backend.where(lengths, lengths, one));
    return { directions, lengths: backend.divide(lengths, factors) };
  });
}
