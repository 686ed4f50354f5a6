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

/** Rows for products with others, whose quotients by both lengths are cosines. */
export interface CosineRows<T> {
  /** As they were given, or, where their squares would leave the range, times a power of two for each row. */
  readonly rows: T;
  /** The lengths of `rows`, [rows, 1]; 1 for a row of zeros. */
  readonly lengths: T;
  /** One over the lengths that the rows had, [rows, 1], or 0. */
  readonly perLength: T;
}

/** The rows of a matrix for products with others. Where they can be read, and are of ordinary size, nobody copies them. */
export function cosineRows<T>(backend: Backend<T>, x: T): CosineRows<T> {
  const { squares, scaled, own, lengths } = measured(backend, [x])[0]!;
  const { lowest, highest } = squareRange(backend);
  const read: readonly number[] | undefined = backend.readSync && Array.from(backend.readSync(squares).data);
  if (read?.every((square) => square >= lowest && square <= highest)) {
    const plain = backend.sqrt(squares);
    return { rows: x, lengths: plain, perLength: backend.divide(backend.scalar(1), plain) };
  }
  return {
    rows: scaled,
    lengths: backend.where(own, own, backend.scalar(1)),
    perLength: inverseLengths(backend, lengths),
  };
}

/** The cosines of all rows of one matrix with all of another, from their products: of rows on one axis they are ±1 exactly. */
export function cosinesOf<T>(
  backend: Backend<T>,
  products: T,
  first: Pick<CosineRows<T>, 'lengths'>,
  second: Pick<CosineRows<T>, 'lengths'>,
): T {
  return backend.divide(products, backend.multiply(first.lengths, asRow(backend, second.lengths)));
}

/** A number of each row, [rows, 1], as one of each column. */
export function asRow<T>(backend: Backend<T>, numbers: T): T {
  const [rows = 1] = backend.shapeOf(numbers);
  return backend.reshape(numbers, [1, rows]);
}

/** The gradient in x from the gradient g in the directions v, which is finite: (g − v·(v·g))/‖x‖. */
export function unitRowsGradient<T>(backend: Backend<T>, { directions, lengths }: UnitRows<T>, gradient: T): T {
  return gradientAcross(backend, directions, inverseLengths(backend, lengths), gradient);
}

/** The same where one over the lengths is there already. */
export function gradientAcross<T>(backend: Backend<T>, directions: T, perLength: T, gradient: T): T {
  const along = backend.sum(backend.multiply(directions, gradient), { axis: -1, keepDims: true });
  const across = backend.subtract(gradient, backend.multiply(directions, along));
  return backend.multiply(across, perLength);
}

/** 1/‖x‖, and 0 for a row of zeros, or of numbers so small that the inverse is none. */
export function inverseLengths<T>(backend: Backend<T>, lengths: T): T {
  const inverses = backend.divide(backend.scalar(1), lengths);
  return backend.where(backend.greater(backend.scalar(Infinity), inverses), inverses, backend.scalar(0));
}

function directed<T>(backend: Backend<T>, matrices: readonly T[]): readonly UnitRows<T>[] {
  // A row of zeros over 1 stays one: a choice for each row costs nothing, one for each number a pass.
  return measured(backend, matrices).map(({ scaled, own, lengths }) => ({
    directions: backend.divide(scaled, backend.where(own, own, backend.scalar(1))),
    lengths,
  }));
}

/** Rows, times a power of two for each where its squares would leave the range; their own lengths, and those that they had. */
function measured<T>(backend: Backend<T>, matrices: readonly T[]) {
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
    const own = backend.sqrt(backend.where(outside, rescued, squares));
    return { squares, scaled, own, lengths: backend.divide(own, factors) };
  });
}
