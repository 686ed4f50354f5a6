/**
 * The angles between samples, from the squares s of their distances: 2·√(s_ij·s_ik)·A_ijk = s_ij + s_ik − s_jk. No tensor
 * [batch, batch, features] is needed, nor one [batch, batch, batch] that is larger than a block.
 */
import type { Backend } from '../../backend.ts';
import { huber } from '../../ops/huber.ts';
import { rowRange } from '../../ops/rowRange.ts';

/** Angles of one block: 4 MB in float32. */
const blockSize = 2 ** 20;

/** Sums over angles, before any divisor. */
export interface AngleTerms<T> {
  /** Σ h(A − T), a scalar. */
  readonly total: T;
  /** Its derivatives in the student's squared distances, [batch, batch]; one distance is at [i, j] and [j, i]. */
  readonly distanceSlopes: T;
}

/** The angles at some corners, or at all samples, of both sides: squared distances [batch, batch], 0 where masked. */
export function angleTerms<T>(backend: Backend<T>, student: T, teacher: T, corners?: Int32Array): AngleTerms<T> {
  const [batch = 1] = backend.shapeOf(student);
  const count = corners?.length ?? batch;
  const step = Math.max(1, Math.floor(blockSize / (batch * batch)));
  const [studentInverses, teacherInverses] = [inverseRoots(backend, student), inverseRoots(backend, teacher)];
  let sums: AngleTerms<T> | undefined;
  for (let start = 0; start < count; start += step) {
    const size = Math.min(step, count - start);
    const before = sums;
    sums = backend.scope(() => {
      const rows = corners
        ? backend.fromHost({ data: corners.slice(start, start + size), shape: [size] })
        : size < batch
          ? rowRange(backend, start, size)
          : undefined;
      const at = (matrix: T): T => (rows === undefined ? matrix : backend.gather(matrix, rows));
      const own = cosines(backend, student, at(student), at(studentInverses));
      const other = cosines(backend, teacher, at(teacher), at(teacherInverses));
      const { losses, slopes } = huber(backend, backend.subtract(own.cosines, other.cosines));
      const total = backend.sum(losses);
      // A has a factor s^(−1/2) for each of its two sides, and (s_ij + s_ik − s_jk)/2.
      const perSum = backend.multiply(slopes, own.factors);
      const perSide = backend.multiply(
        backend.sum(backend.multiply(slopes, own.cosines), { axis: 2 }),
        backend.multiply(at(studentInverses), at(studentInverses)),
      );
      const ofCorners = backend.subtract(backend.sum(perSum, { axis: 2 }), perSide);
      const placed =
        rows === undefined ? ofCorners : backend.matMul(backend.oneHot(rows, batch), ofCorners, { transposeA: true });
      const opposite = backend.multiply(backend.sum(perSum, { axis: 0 }), backend.scalar(0.5));
      const distanceSlopes = backend.subtract(placed, opposite);
      if (before === undefined) return { total, distanceSlopes };
      return {
        total: backend.add(before.total, total),
        distanceSlopes: backend.add(before.distanceSlopes, distanceSlopes),
      };
    });
  }
  return sums as AngleTerms<T>;
}

/** s^(−1/2), and 0 where s is 0. */
function inverseRoots<T>(backend: Backend<T>, squares: T): T {
  return backend.where(squares, backend.divide(backend.scalar(1), backend.sqrt(squares)), backend.scalar(0));
}

/** Cosines of the angles at some corners [corners, batch, batch], and 1/√(s_ij·s_ik). */
function cosines<T>(
  backend: Backend<T>,
  squares: T,
  cornerSquares: T,
  cornerInverses: T,
): { readonly cosines: T; readonly factors: T } {
  const [corners = 1, batch = 1] = backend.shapeOf(cornerSquares);
  const first = (matrix: T): T => backend.reshape(matrix, [corners, batch, 1]);
  const second = (matrix: T): T => backend.reshape(matrix, [corners, 1, batch]);
  const factors = backend.multiply(first(cornerInverses), second(cornerInverses));
  const sums = backend.subtract(backend.add(first(cornerSquares), second(cornerSquares)), squares);
  return { cosines: backend.multiply(backend.multiply(sums, factors), backend.scalar(0.5)), factors };
}
