import type { Backend } from '../backend.ts';

/**
 * 1 where a row's label is among its k largest scores, else 0. Equal scores rank by position, the first one highest, as
 * `argMax` does. Counts the classes ranked above the label, so it needs no sort.
 */
export function topKHits<T>(backend: Backend<T>, scores: T, labels: T, k: number): T {
  const classes = backend.shapeOf(scores).at(-1)!;
  const zero = backend.scalar(0);
  const oneHot = backend.oneHot(labels, classes);
  const labelScore = backend.sum(backend.where(oneHot, scores, zero), { axis: -1, keepDims: true });
  const positions = backend.fromHost({
    data: Float32Array.from({ length: classes }, (_, index) => index),
    shape: [classes],
  });
  const labelPosition = backend.reshape(labels, [...backend.shapeOf(labels), 1]);
  const above = backend.greater(scores, labelScore);
  const tied = backend.multiply(
    backend.subtract(backend.scalar(1), backend.maximum(above, backend.greater(labelScore, scores))),
    backend.greater(labelPosition, positions),
  );
  const rank = backend.sum(backend.add(above, tied), { axis: -1 });
  return backend.greater(backend.scalar(k), rank);
}
