import type { Backend } from '../backend.ts';

/** [..., classes] as [rows, classes]. */
export function flattenRows<T>(backend: Backend<T>, logits: T): T {
  const shape = backend.shapeOf(logits);
  const classes = shape.at(-1)!;
  return backend.reshape(logits, [shape.slice(0, -1).reduce((rows, extent) => rows * extent, 1), classes]);
}

/** [...] as [rows]. */
export function flatten<T>(backend: Backend<T>, x: T): T {
  return backend.reshape(x, [backend.shapeOf(x).reduce((size, extent) => size * extent, 1)]);
}
