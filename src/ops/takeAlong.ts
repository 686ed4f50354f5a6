import type { Backend } from '../backend.ts';

/**
 * Elements along the last axis by position: `x` [..., n] and `indices` [..., k], with equal leading axes, give [..., k]. An
 * index outside [0, n) gives 0. Where the backend has none of its own: one-hot rows, k·n numbers a row.
 */
export function takeAlong<T>(backend: Backend<T>, x: T, indices: T): T {
  if (backend.takeAlong) return backend.takeAlong(x, indices);
  return backend.scope(() => {
    const shape = backend.shapeOf(x);
    const count = shape.at(-1)!;
    const picked = backend.oneHot(indices, count);
    const row = backend.reshape(x, [...shape.slice(0, -1), 1, count]);
    return backend.sum(backend.where(picked, row, backend.scalar(0)), { axis: -1 });
  });
}
