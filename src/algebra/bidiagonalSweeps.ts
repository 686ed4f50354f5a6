/** The singular values of a matrix of two diagonals. */
import { rangeError } from '../check.ts';
import type { Bidiagonal } from './bidiagonal.ts';
import type { Room } from './loops.ts';
import { makeRotations, type Rotations } from './rotations.ts';

/** Below this the square of a number loses digits; beside a matrix near 1 such a number does not count. */
const vanishing = 1e-145;
/** Two or three for a value are usual. */
const mostSweeps = 60;
/** What rounding makes of a number in a sweep: between two equal ones it never gets smaller than that. */
const rounding = 2 ** -51;
/** Sweeps after which a value need be no better than rounding of the largest: steeply graded rows may ask for that. */
const patience = 30;

/** Takes the rotations of rows k, k + 1 for k from `first` to `end` − 1, the first one first. */
export type TakeRotations = (turns: Rotations, first: number, end: number) => void;

/**
 * The implicit QR iteration of Golub and Kahan, in place: `diagonal` becomes the singular values, in no order and with
 * signs. Where a number on the diagonal is 0, or the shift too small to matter, the sweep goes without a shift, which
 * keeps small values' digits and splits the matrix at its zeros.
 *
 * @see Demmel and Kahan, "Accurate singular values of bidiagonal matrices", 1990.
 */
export function diagonaliseBidiagonal(
  room: Room,
  { diagonal, beside }: Bidiagonal,
  takeLeft?: TakeRotations,
  takeRight?: TakeRotations,
): void {
  const size = diagonal.length;
  const [left, right] = [makeRotations(room, size), makeRotations(room, size)];
  let sweeps = 0;
  for (let end = size - 1; end > 0; ) {
    const least = sweeps < patience ? vanishing : 2 * rounding;
    if (isNegligible(diagonal, beside, end - 1, least)) {
      end--;
      sweeps = 0;
      continue;
    }
    let first = end - 1;
    while (first > 0 && !isNegligible(diagonal, beside, first - 1, least)) first--;
    if (sweeps++ === mostSweeps) {
      throw rangeError('singularValues', 'matrix', 'one whose singular values converge', 'another');
    }
    const shift = shiftOf(diagonal, beside, first, end);
    if (shift === 0) sweepUnshifted(diagonal, beside, first, end, left, right);
    else sweepShifted(diagonal, beside, first, end, shift, left, right);
    takeLeft?.(left, first, end);
    takeRight?.(right, first, end);
  }
}

function isNegligible(diagonal: Float64Array, beside: Float64Array, at: number, least: number): boolean {
  const size = Math.abs(beside[at]!);
  if (size > least && size > rounding * (Math.abs(diagonal[at]!) + Math.abs(diagonal[at + 1]!))) return false;
  beside[at] = 0;
  return true;
}

/** The smaller singular value of the block's last two rows; 0 where a shift would lose digits or divide by 0. */
function shiftOf(diagonal: Float64Array, beside: Float64Array, first: number, end: number): number {
  for (let row = first; row <= end; row++) if (Math.abs(diagonal[row]!) <= vanishing) return 0;
  const [a, b, c] = [diagonal[end - 1]!, beside[end - 1]!, diagonal[end]!];
  // Σ² and product of the two: the larger one first, the smaller without a difference.
  const sum = Math.sqrt((Math.abs(a) + Math.abs(c)) ** 2 + b * b);
  const difference = Math.sqrt((Math.abs(a) - Math.abs(c)) ** 2 + b * b);
  const shift = (2 * Math.abs(a * c)) / (sum + difference);
  return (shift / diagonal[first]!) ** 2 < 2 ** -53 ? 0 : shift;
}

function sweepShifted(
  diagonal: Float64Array,
  beside: Float64Array,
  first: number,
  end: number,
  shift: number,
  left: Rotations,
  right: Rotations,
): void {
  const start = diagonal[first]!;
  let f = (Math.abs(start) - shift) * (Math.sign(start) + shift / start);
  let g = beside[first]!;
  for (let row = first; row < end; row++) {
    const across = lengthOf(f, g);
    const c = across === 0 ? 1 : f / across;
    const s = across === 0 ? 0 : g / across;
    if (row > first) beside[row - 1] = across;
    const onto = c * diagonal[row]! + s * beside[row]!;
    beside[row] = c * beside[row]! - s * diagonal[row]!;
    const bulge = s * diagonal[row + 1]!;
    diagonal[row + 1]! *= c;
    right.cosines[row] = c;
    right.sines[row] = s;
    const down = lengthOf(onto, bulge);
    const leftC = down === 0 ? 1 : onto / down;
    const leftS = down === 0 ? 0 : bulge / down;
    diagonal[row] = down;
    f = leftC * beside[row]! + leftS * diagonal[row + 1]!;
    diagonal[row + 1] = leftC * diagonal[row + 1]! - leftS * beside[row]!;
    if (row + 1 < end) {
      g = leftS * beside[row + 1]!;
      beside[row + 1]! *= leftC;
    }
    left.cosines[row] = leftC;
    left.sines[row] = leftS;
  }
  beside[end - 1] = f;
}

function sweepUnshifted(
  diagonal: Float64Array,
  beside: Float64Array,
  first: number,
  end: number,
  left: Rotations,
  right: Rotations,
): void {
  let [c, leftC, leftS] = [1, 1, 0];
  for (let row = first; row < end; row++) {
    const onto = c * diagonal[row]!;
    const across = lengthOf(onto, beside[row]!);
    c = across === 0 ? 1 : onto / across;
    const s = across === 0 ? 0 : beside[row]! / across;
    if (row > first) beside[row - 1] = leftS * across;
    right.cosines[row] = c;
    right.sines[row] = s;
    const turned = leftC * across;
    const bulge = s * diagonal[row + 1]!;
    const down = lengthOf(turned, bulge);
    leftC = down === 0 ? 1 : turned / down;
    leftS = down === 0 ? 0 : bulge / down;
    diagonal[row] = down;
    left.cosines[row] = leftC;
    left.sines[row] = leftS;
  }
  const last = c * diagonal[end]!;
  diagonal[end] = last * leftC;
  beside[end - 1] = last * leftS;
}

/** The length of (a, b); 0 where both are too small to be turned. */
function lengthOf(a: number, b: number): number {
  const length = Math.sqrt(a * a + b * b);
  return length < vanishing ? 0 : length;
}
