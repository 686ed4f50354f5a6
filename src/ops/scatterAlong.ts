import type { Backend } from '../backend.ts';

/**
 * Sums by position along the last axis: [..., size] with `updates` [..., k] added where `indices` [..., k] say. An index
 * outside [0, size) adds nothing. Where the backend has none of its own: one-hot rows, k·size numbers a row.
 */
export function scatterAlong<T>(backend: Backend<T>, indices: T, updates: T, size: number): T {
  if (backend.scatterAlong) return backend.scatterAlong(indices, updates, size);
  return backend.scope(() => {
    const placed = backend.oneHot(indices, size);
    const column = backend.reshape(updates, [...backend.shapeOf(updates), 1]);
    return backend.sum(backend.where(placed, column, backend.scalar(0)), { axis: -2 });
  });
}
