/** Eigenvectors of values that coincide: a basis that depends on nothing but the space they span. */

/** Axes whose projections differ by no more than this share are as near as each other, and the first one is taken. */
const alike = 1e-9;

/**
 * Replaces the vectors of values that coincide, in place. A decomposition gives any basis of their space, decided by rounding; here
 * the first vector lies along the projection of the axis that is nearest to the space, the next along that of the axis nearest
 * to what is left of it, and so on. All vectors get the sign that makes their largest element positive.
 *
 * @param values Descending.
 * @param vectors Rows of length 1, [values, size].
 * @param gap Values in a row that are no further apart coincide.
 */
export function settleBasis(values: Float64Array, vectors: Float64Array, size: number, gap: number): void {
  for (let first = 0; first < values.length; ) {
    let end = first + 1;
    while (end < values.length && values[end - 1]! - values[end]! <= gap) end++;
    settleSpace(vectors.subarray(first * size, end * size), size);
    first = end;
  }
}

/** Turns the rows of an orthonormal basis [rows, size] within the space that they span. */
function settleSpace(basis: Float64Array, size: number): void {
  const rows = basis.length / size;
  // Of each axis, the squared length of its projection into what is left of the space.
  const squares = new Float64Array(size);
  basis.forEach((value, at) => {
    squares[at % size]! += value * value;
  });
  for (let row = 0; row < rows; row++) {
    const rest = basis.subarray(row * size);
    if (row < rows - 1) reflectToFirst(rest, size, indexOfLargest(squares));
    const settled = rest.subarray(0, size);
    const sign = settled[indexOfLargest(settled.map(Math.abs))]! < 0 ? -1 : 1;
    settled.forEach((value, at) => {
      settled[at] = sign * value;
      squares[at]! -= value * value;
    });
  }
}

/** Householder's reflection of the rows that leaves the first one alone with a part along an axis. */
function reflectToFirst(rows: Float64Array, size: number, axis: number): void {
  const count = rows.length / size;
  const mirror = Float64Array.from({ length: count }, (_, row) => rows[row * size + axis]!);
  const length = Math.sqrt(mirror.reduce((sum, value) => sum + value * value, 0));
  mirror[0]! += mirror[0]! < 0 ? -length : length;
  const square = mirror.reduce((sum, value) => sum + value * value, 0);
  if (square === 0) return;
  const along = new Float64Array(size);
  for (let row = 0; row < count; row++) {
    for (let at = 0; at < size; at++) along[at]! += mirror[row]! * rows[row * size + at]!;
  }
  for (let row = 0; row < count; row++) {
    const share = (2 * mirror[row]!) / square;
    for (let at = 0; at < size; at++) rows[row * size + at]! -= share * along[at]!;
  }
}

/** Where the largest of numbers ≥ 0 is; of those that are as large but for rounding, the first. */
function indexOfLargest(numbers: Float64Array): number {
  const least = numbers.reduce((most, value) => Math.max(most, value), 0) * (1 - alike);
  return numbers.findIndex((value) => value >= least);
}
