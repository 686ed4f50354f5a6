/**
 * Divergences of rows whose classes come in tiles, none of which is kept.
 *
 * A divergence is that of the tiles' masses and, in each tile, that of the shares within it: KL(p‖q) = KL(P‖Q) + Σ P_T·KL_T.
 * All of it is ≥ 0 and of second order where the sides are alike, so no digits are lost as they are in a running sum of
 * p·(log p − log q).
 */
import type { Backend } from '../backend.ts';
import { asRows } from './asColumn.ts';
import { expectation } from './expectation.ts';
import { foldRows } from './foldRows.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { relativeEntropy } from './relativeEntropy.ts';
import type { DivergenceName } from './rowDivergence.ts';
import { scale } from './scale.ts';
import { type ProbabilityPair, pairWeights, type SidePair, shiftedPair, type Temperatures } from './softenedPair.ts';

/** The divergences that have a sum over tiles. */
export type TiledDivergenceName = Exclude<DivergenceName, 'totalVariation'>;

/** Numbers of each row, [rows, 1], from which any tile's probabilities follow. */
export interface RowNumbers<T> {
  readonly maxima: SidePair<T>;
  readonly totals: SidePair<T>;
  readonly kappa: T;
}

/** The logits of both sides in a tile, [rows, classes of the tile]. */
export type TileLogits<T> = (tile: number) => SidePair<T>;

const row = { axis: -1, keepDims: true };

/** The numbers of the rows, and their divergence forward or reverse, [rows]. */
export function rowNumbers<T>(
  backend: Backend<T>,
  rows: number,
  tiles: number,
  logitsOf: TileLogits<T>,
  temperatures: Temperatures,
  direction: 'forward' | 'reverse',
): RowNumbers<T> & { readonly divergence: T } {
  const shape = [tiles, rows];
  const shapes = Array.from({ length: 6 }, () => shape);
  const { rows: stacked } = foldRows(backend, shapes, tiles, [], (tile) => ({
    rows: tileNumbers(backend, logitsOf(tile), temperatures, direction).map((x) => backend.reshape(x, [1, rows])),
    carried: [],
  }));
  return backend.scope(() => {
    const [studentMax, teacherMax, studentMass, teacherMass, kappa, within] = stacked.map((x) => backend.transpose(x));
    const maxima = { student: backend.max(studentMax!, row), teacher: backend.max(teacherMax!, row) };
    const ofTiles = { student: studentMax!, teacher: teacherMax! };
    const shifted = shiftedPair(backend, ofTiles, maxima, temperatures);
    // The masses of the tiles are to the rows what logits are to a tile.
    const masses = {
      student: backend.add(shifted.student, studentMass!),
      teacher: backend.add(shifted.teacher, teacherMass!),
      difference: backend.add(shifted.difference, kappa!),
    };
    const weights = pairWeights(backend, masses);
    const student = backend.divide(weights.student, weights.totals.student);
    const teacher = backend.divide(weights.teacher, weights.totals.teacher);
    const logRatio = backend.subtract(weights.kappa, masses.difference);
    const ofMasses =
      direction === 'forward'
        ? asRows(backend, weights.divergence)
        : relativeEntropy(backend, student, teacher, scale(backend, logRatio, -1));
    const first = direction === 'forward' ? teacher : student;
    const divergence = backend.add(ofMasses, expectation(backend, first, within!));
    return { maxima, totals: weights.totals, kappa: weights.kappa, divergence };
  });
}

/** Of a tile, for each row: both maxima, the logarithms of both masses, κ, and the divergence within. */
function tileNumbers<T>(
  backend: Backend<T>,
  logits: SidePair<T>,
  temperatures: Temperatures,
  direction: 'forward' | 'reverse',
): readonly T[] {
  const maxima = { student: backend.max(logits.student, row), teacher: backend.max(logits.teacher, row) };
  // A tile of masked classes has mass 0; less −Infinity it would be NaN.
  const pivots = { student: pivotOf(backend, maxima.student), teacher: pivotOf(backend, maxima.teacher) };
  const shifted = shiftedPair(backend, logits, pivots, temperatures);
  const { student, teacher, totals, kappa, divergence } = pairWeights(backend, shifted);
  const reversed = (): T => {
    const shares = [backend.divide(student, totals.student), backend.divide(teacher, totals.teacher)] as const;
    const logRatio = backend.subtract(kappa, shifted.difference);
    const losses = relativeEntropy(backend, ...shares, scale(backend, logRatio, -1));
    return backend.reshape(losses, backend.shapeOf(kappa));
  };
  const within = direction === 'forward' ? divergence : reversed();
  // Without mass on both sides there is nothing to compare within.
  const both = backend.multiply(totals.student, totals.teacher);
  return [
    maxima.student,
    maxima.teacher,
    backend.log(totals.student),
    backend.log(totals.teacher),
    kappa,
    backend.where(both, within, backend.scalar(0)),
  ];
}

function pivotOf<T>(backend: Backend<T>, maximum: T): T {
  return backend.where(isMinusInfinity(backend, maximum), backend.scalar(0), maximum);
}

/** The probabilities of both sides in a tile, and the logarithm of their ratio. */
export function tilePair<T>(
  backend: Backend<T>,
  logits: SidePair<T>,
  { maxima, totals, kappa }: RowNumbers<T>,
  temperatures: Temperatures,
): ProbabilityPair<T> {
  return backend.scope(() => {
    const shifted = shiftedPair(backend, logits, maxima, temperatures);
    return {
      student: backend.divide(backend.exp(shifted.student), totals.student),
      teacher: backend.divide(backend.exp(shifted.teacher), totals.teacher),
      logRatio: backend.subtract(kappa, shifted.difference),
    };
  });
}
