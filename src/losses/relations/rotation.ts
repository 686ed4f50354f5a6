/** The best rotation between two sets of samples, in float64 on the host. */
import { product, type Strided, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import { singularDecomposition } from '../../algebra/singularValues.ts';

/** Samples, centred and of Frobenius norm 1 (or 0). */
export interface UnitSet {
  /** [rows, columns]. */
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** The norm that the centred samples had. */
  readonly norm: number;
}

/** Below this share of the largest, a singular value is rounding and its directions are anybody's. */
const leastShare = 1e-12;

/** Centres samples [rows, columns] over those that count, and divides them by their norm; the others are 0. */
export function centredUnit(
  samples: ArrayLike<number>,
  rows: number,
  columns: number,
  counts?: ArrayLike<number>,
): UnitSet {
  const members = Array.from({ length: rows }, (_, row) => row).filter((row) => counts === undefined || counts[row]);
  const data = new Float64Array(rows * columns);
  const sums = new Float64Array(columns);
  // The first one is taken away before the mean is: constant features become exactly 0.
  const shift = (members[0] ?? 0) * columns;
  for (const row of members) {
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const value = samples[at]! - samples[shift + column]!;
      data[at] = value;
      sums[column]! += value;
    }
  }
  for (const row of members) {
    for (let column = 0, at = row * columns; column < columns; column++, at++)
      data[at]! -= sums[column]! / members.length;
  }
  const norm = Math.sqrt(squareOf(data));
  if (norm !== 0) for (let at = 0; at < data.length; at++) data[at]! /= norm;
  return { data, rows, columns, norm };
}

/** |X̂ − Ŷ·Q|² for the best Q, and its gradient in the samples that X̂ came from; 1 and 0 where either is constant. */
export function residualsOf(x: UnitSet, y: UnitSet): { readonly square: number; readonly slopes: Float64Array } {
  const { rows, columns } = x;
  // Before constant sides, beside which a NaN has to show as well.
  if (!Number.isFinite(x.norm) || !Number.isFinite(y.norm)) {
    return { square: Number.NaN, slopes: new Float64Array(rows * columns).fill(Number.NaN) };
  }
  if (x.norm === 0 || y.norm === 0) return { square: 1, slopes: new Float64Array(rows * columns) };
  const times = (a: Strided, b: Strided, count: number, inner: number, width: number) =>
    product(a, b, count, inner, width, false, roomFor);
  const cross = times(strided(y.data, y.columns, true), strided(x.data, columns), y.columns, rows, columns);
  const { values, left, right } = singularDecomposition(cross, y.columns, columns);
  const rank = values.filter((value) => value > leastShare * values[0]!).length;
  const scores = times(strided(y.data, y.columns), strided(left, y.columns, true), rows, y.columns, rank);
  const rotated = times(strided(scores, rank), strided(right, columns), rows, rank, columns);
  const residuals = difference(x.data, rotated);
  // Of as many directions as Ŷ has features nothing of it is left.
  const reached =
    rank === y.columns ? y.data : times(strided(scores, rank), strided(left, y.columns), rows, rank, y.columns);
  const square = squareOf(residuals) + squareOf(difference(y.data, reached));
  // 2·(X̂ − Ŷ·Q) has the same part across X̂ as −2·Ŷ·Q, and no rounding to cancel near equality.
  const along = dot(residuals, x.data);
  const slopes = residuals;
  for (let at = 0; at < slopes.length; at++) slopes[at] = (2 * (slopes[at]! - along * x.data[at]!)) / x.norm;
  return { square, slopes };
}

// Loops, since a callback for each number takes as long as a product.
function difference(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let at = 0; at < a.length; at++) result[at] = a[at]! - b[at]!;
  return result;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

function squareOf(values: Float64Array): number {
  return dot(values, values);
}
