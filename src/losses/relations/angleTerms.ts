/** The angles between samples, in blocks of the corners at which they are: nothing larger than a block is ever there. */
import type { Backend } from '../../backend.ts';
import { huber } from '../../ops/huber.ts';
import { unitRows, unitRowsGradient } from '../../ops/unitRows.ts';
import type { SampleSet } from '../../setLoss.ts';

/** Numbers of the largest tensors of one block: 4 MB in float32. */
const blockSize = 2 ** 20;

/** Sums over angles, before any divisor. */
export interface AngleTerms<T> {
  /** Σ h(A − T), a scalar. */
  readonly total: T;
  /** Its gradient in the student's features, [batch, width]. */
  readonly slopes: T;
}

/** The angles of both sides at some of the samples. */
export function angleTerms<T>(
  backend: Backend<T>,
  { student, teacher, counts }: Pick<SampleSet<T>, 'student' | 'teacher' | 'counts'>,
  corners: Int32Array,
): AngleTerms<T> {
  const [batch = 1, width = 1] = backend.shapeOf(student);
  const step = Math.max(1, Math.floor(blockSize / (batch * Math.max(batch, width, backend.shapeOf(teacher)[1]!))));
  let sums: AngleTerms<T> | undefined;
  for (let start = 0; start < corners.length; start += step) {
    const block = corners.slice(start, start + step);
    const before = sums;
    sums = backend.scope(() => {
      const at = backend.fromHost({ data: block, shape: [block.length] });
      const own = directionsFrom(backend, student, at, counts);
      const cosines = backend.matMul(own.directions, own.directions, { transposeB: true });
      const other = directionsFrom(backend, teacher, at, counts).directions;
      const { total, slopes } = huber(
        backend,
        backend.subtract(cosines, backend.matMul(other, other, { transposeB: true })),
      );
      // Each cosine is there twice, as jk and as kj.
      const inDirections = backend.multiply(backend.matMul(slopes, own.directions), backend.scalar(2));
      const inDifferences = unitRowsGradient(backend, own, inDirections);
      const inCorners = backend.matMul(backend.oneHot(at, batch), backend.sum(inDifferences, { axis: 1 }), {
        transposeA: true,
      });
      const inSamples = backend.subtract(backend.sum(inDifferences, { axis: 0 }), inCorners);
      return before === undefined
        ? { total, slopes: inSamples }
        : { total: backend.add(before.total, total), slopes: backend.add(before.slopes, inSamples) };
    });
  }
  return sums as AngleTerms<T>;
}

/** From each corner to each sample, of length 1; 0 where both are equal, or one of the two does not count. */
function directionsFrom<T>(backend: Backend<T>, features: T, corners: T, counts: T | undefined) {
  const [batch = 1, width = 1] = backend.shapeOf(features);
  const [count = 1] = backend.shapeOf(corners);
  const from = backend.reshape(backend.gather(features, corners), [count, 1, width]);
  const differences = backend.subtract(backend.reshape(features, [1, batch, width]), from);
  if (counts === undefined) return unitRows(backend, differences);
  const pairs = backend.multiply(
    backend.reshape(backend.gather(counts, corners), [count, 1, 1]),
    backend.reshape(counts, [1, batch, 1]),
  );
  return unitRows(backend, backend.where(pairs, differences, backend.scalar(0)));
}
