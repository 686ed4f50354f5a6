/** Rotations of neighbouring rows, a sweep at a time: where eigenvectors and singular vectors take most of their time. */
import type { Loops } from './loops.ts';

/** See `Loops`. */
export const rotateDown: Loops['rotateDown'] = (rows, width, cosines, sines, first, end) => {
  let row = first;
  for (; row + 1 < end; row += 2) {
    const at = row * width;
    const next = row + 1;
    turnThree(rows, width, at, at + width, at + 2 * width, cosines[row]!, sines[row]!, cosines[next]!, sines[next]!);
  }
  if (row < end) turnTwo(rows, width, row * width, (row + 1) * width, cosines[row]!, sines[row]!);
};

/** See `Loops`. */
export const rotateUp: Loops['rotateUp'] = (rows, width, cosines, sines, first, end) => {
  let row = end - 1;
  for (; row > first; row -= 2) {
    const at = row * width;
    const next = row - 1;
    // The other way round a rotation is one by the opposite angle.
    turnThree(rows, width, at + width, at, at - width, cosines[row]!, -sines[row]!, cosines[next]!, -sines[next]!);
  }
  if (row === first) turnTwo(rows, width, row * width, (row + 1) * width, cosines[row]!, sines[row]!);
};

function turnTwo(rows: Float64Array, width: number, first: number, second: number, c: number, s: number): void {
  for (let column = 0; column < width; column++) {
    const a = rows[first + column]!;
    const b = rows[second + column]!;
    rows[first + column] = c * a + s * b;
    rows[second + column] = c * b - s * a;
  }
}

/** Turns the first row with the second, then the second with the third, which is loaded and stored once instead of twice. */
function turnThree(
  rows: Float64Array,
  width: number,
  first: number,
  second: number,
  third: number,
  c: number,
  s: number,
  nextC: number,
  nextS: number,
): void {
  for (let column = 0; column < width; column++) {
    const a = rows[first + column]!;
    const b = rows[second + column]!;
    const d = rows[third + column]!;
    const turned = c * b - s * a;
    rows[first + column] = c * a + s * b;
    rows[second + column] = nextC * turned + nextS * d;
    rows[third + column] = nextC * d - nextS * turned;
  }
}
