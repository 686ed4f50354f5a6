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
  // Squares this small have lost digits of theirs, and what they are squares of does not count beside a matrix near 1.
  if (square < 1e-290) {
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
