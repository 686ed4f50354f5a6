/** Reflections I − τ·v·vᵀ, which turn a vector onto an axis: the step that orthogonal decompositions are made of. */

/** What a reflection makes of the vector it was made for. */
export interface Reflection {
  /** τ; 0 where the vector lies on the axis already, and nothing is to be done. */
  readonly factor: number;
  /** What stands on the axis afterwards, with its sign. */
  readonly length: number;
}

/**
 * Makes the reflection that turns the `count` numbers from `start` on, `stride` apart, onto the axis of the one at
 * `pivot`, and puts its direction v in their place: v is 1 at the pivot.
 */
export function reflect(numbers: Float64Array, start: number, count: number, pivot: number, stride = 1): Reflection {
  const at = start + pivot * stride;
  const onAxis = numbers[at]!;
  let square = 0;
  for (let index = 0, place = start; index < count; index++, place += stride) {
    if (index !== pivot) square += numbers[place]! * numbers[place]!;
  }
  if (square === 0) {
    for (let index = 0, place = start; index < count; index++, place += stride) numbers[place] = 0;
    return { factor: 0, length: onAxis };
  }
  // The sign that adds up: the other one would cancel.
  const length = onAxis > 0 ? -Math.sqrt(onAxis * onAxis + square) : Math.sqrt(onAxis * onAxis + square);
  const scale = 1 / (onAxis - length);
  for (let index = 0, place = start; index < count; index++, place += stride) numbers[place]! *= scale;
  numbers[at] = 1;
  return { factor: (length - onAxis) / length, length };
}

/**
 * Reflects `count` rows of a matrix: each loses τ times its product with the direction, times the direction.
 *
 * @param from Where the part of the first row that the direction belongs to begins; rows are `stride` apart.
 * @param directions Holds the direction, `width` numbers from `at` on; it may be a row of the same matrix.
 */
export function reflectRows(
  numbers: Float64Array,
  stride: number,
  from: number,
  count: number,
  directions: Float64Array,
  at: number,
  width: number,
  factor: number,
): void {
  if (factor === 0) return;
  let row = 0;
  // Four at a time, which share each number of the direction.
  for (; row + 4 <= count; row += 4) {
    const a = from + row * stride;
    const [b, c, d] = [a + stride, a + 2 * stride, a + 3 * stride];
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    for (let index = 0; index < width; index++) {
      const along = directions[at + index]!;
      sumA += along * numbers[a + index]!;
      sumB += along * numbers[b + index]!;
      sumC += along * numbers[c + index]!;
      sumD += along * numbers[d + index]!;
    }
    sumA *= factor;
    sumB *= factor;
    sumC *= factor;
    sumD *= factor;
    for (let index = 0; index < width; index++) {
      const along = directions[at + index]!;
      numbers[a + index]! -= sumA * along;
      numbers[b + index]! -= sumB * along;
      numbers[c + index]! -= sumC * along;
      numbers[d + index]! -= sumD * along;
    }
  }
  for (; row < count; row++) {
    const a = from + row * stride;
    let sum = 0;
    for (let index = 0; index < width; index++) sum += directions[at + index]! * numbers[a + index]!;
    sum *= factor;
    for (let index = 0; index < width; index++) numbers[a + index]! -= sum * directions[at + index]!;
  }
}
