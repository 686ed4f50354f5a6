/** The eigenvalues of a matrix of three diagonals. */
import { rangeError } from '../check.ts';
import type { Room } from './loops.ts';
import { makeRotations, type Rotations } from './rotations.ts';
import type { Tridiagonal } from './tridiagonal.ts';

/** Below this the square of a number loses digits; beside a matrix near 1 such a number does not count. */
const vanishing = 1e-145;
/** Two or three are usual. */
const mostSweeps = 60;
/** Sweeps after which a value need be no better than rounding of the largest. */
const patience = 30;

/**
 * The implicit QL iteration with Wilkinson's shift, in place: `diagonal` becomes the eigenvalues, in no order.
 *
 * @param rows [size, size]: turned along, so that what was the matrix in the basis of its rows becomes diagonal in it.
 */
export function diagonalise(room: Room, { diagonal, beside }: Tridiagonal, rows?: Float64Array): void {
  const size = diagonal.length;
  const turns = makeRotations(room, size);
  for (let first = 0; first < size; first++) {
    for (let sweep = 0; ; sweep++) {
      const end = endOfBlock(diagonal, beside, first, sweep < patience ? vanishing : 2 ** -50);
      if (end === first) break;
      if (sweep === mostSweeps) throw rangeError('diagonalise', 'matrix', 'one whose eigenvalues converge', 'another');
      const start = sweepUp(diagonal, beside, first, end, turns);
      if (rows) room.loops.rotateUp(rows, size, turns.cosines, turns.sines, start, end);
    }
  }
}

/** The last row of the block that begins at `first`: what stands beside its diagonal is 0, or as good as. */
function endOfBlock(diagonal: Float64Array, beside: Float64Array, first: number, least: number): number {
  let end = first;
  while (end + 1 < diagonal.length) {
    const size = Math.abs(beside[end]!);
    if (size <= least || size <= 2 ** -53 * (Math.abs(diagonal[end]!) + Math.abs(diagonal[end + 1]!))) break;
    end++;
  }
  return end;
}

/** One sweep over rows `first` to `end`; the rotations of rows k, k + 1 for k from the returned row to `end` − 1. */
function sweepUp(
  diagonal: Float64Array,
  beside: Float64Array,
  first: number,
  end: number,
  { cosines, sines }: Rotations,
): number {
  const half = (diagonal[first + 1]! - diagonal[first]!) / (2 * beside[first]!);
  const root = Math.sqrt(half * half + 1);
  // The eigenvalue of the first two rows that is nearer to the first.
  let bulge = diagonal[end]! - diagonal[first]! + beside[first]! / (half + (half >= 0 ? root : -root));
  let [c, s, carried] = [1, 1, 0];
  for (let row = end - 1; row >= first; row--) {
    const f = s * beside[row]!;
    const b = c * beside[row]!;
    const r = Math.sqrt(f * f + bulge * bulge);
    beside[row + 1] = r;
    if (r < vanishing) {
      // The matrix falls in two here.
      beside[row + 1] = 0;
      diagonal[row + 1]! -= carried;
      beside[end] = 0;
      return row + 1;
    }
    s = f / r;
    c = bulge / r;
    const shifted = diagonal[row + 1]! - carried;
    const turn = (diagonal[row]! - shifted) * s + 2 * c * b;
    carried = s * turn;
    diagonal[row + 1] = shifted + carried;
    bulge = c * turn - b;
    cosines[row] = c;
    sines[row] = -s;
  }
  diagonal[first]! -= carried;
  beside[first] = bulge;
  beside[end] = 0;
  return first;
}
