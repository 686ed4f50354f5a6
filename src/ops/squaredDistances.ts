/** Squared Euclidean distances between the rows of a matrix, and the gradient of what depends on them. */
import type { Backend } from '../backend.ts';
import { identity } from './centredGram.ts';
import { rowRange } from './rowRange.ts';

/** Differences of one block: 4 MB in float32. */
const blockSize = 2 ** 20;

/**
 * ‖xᵢ − xⱼ‖² for all pairs of rows of [n, width], as [n, n], by differences: 0 exactly for equal rows, and the same
 * wherever the origin lies. From dot products, ‖x‖² + ‖y‖² − 2·x·y, neither would hold in float32.
 */
export function squaredDistances<T>(backend: Backend<T>, x: T): T {
  if (backend.squaredDistances) return backend.squaredDistances(x);
  const [rows = 1, width = 1] = backend.shapeOf(x);
  const columns = backend.transpose(x);
  const step = Math.max(1, Math.floor(blockSize / (rows * rows)));
  let total: T | undefined;
  for (let start = 0; start === 0 || start < width; start += step) {
    const count = Math.min(step, width - start);
    const sumSoFar = total;
    total = backend.scope(() => {
      const part = count === width ? columns : backend.gather(columns, rowRange(backend, start, count));
      const differences = backend.subtract(
        backend.reshape(part, [count, rows, 1]),
        backend.reshape(part, [count, 1, rows]),
      );
      const squares = backend.sum(backend.multiply(differences, differences), { axis: 0 });
      return sumSoFar === undefined ? squares : backend.add(sumSoFar, squares);
    });
  }
  return total as T;
}

/**
 * The gradient in x, [n, width], of a value with the derivatives `slopes` in the squared distances, [n, n] and symmetric:
 * Σⱼ 4·slopesᵢⱼ·(xᵢ − xⱼ).
 *
 * @param size How many rows count, a scalar; the others are 0 in `x`, and in `slopes` along both axes.
 * @param factor A scalar that the slopes are still to be multiplied with.
 */
export function squaredDistancesGradient<T>(backend: Backend<T>, x: T, slopes: T, size: T, factor: T): T {
  const [rows = 1] = backend.shapeOf(x);
  const others = backend.multiply(slopes, backend.multiply(factor, backend.scalar(-4)));
  const own = backend.subtract(backend.scalar(0), backend.sum(others, { axis: 1, keepDims: true }));
  // The weight of xᵢ stands on the diagonal, where no slope is: one product, where two sums would need x twice.
  const weights = backend.where(identity(backend, rows), own, others);
  // The origin is free; at the rows' mean, what is added and taken away again is no larger than it must be.
  const mean = backend.divide(backend.sum(x, { axis: 0, keepDims: true }), size);
  return backend.matMul(weights, backend.subtract(x, mean));
}
