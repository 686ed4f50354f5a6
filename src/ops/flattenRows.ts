import type { Backend } from '../backend.ts';
import { sizeOf } from '../tensor.ts';

/** [..., classes] as [rows, classes]. */
export function flattenRows<T>(backend: Backend<T>, logits: T): T {
  const shape = backend.shapeOf(logits);
  const classes = shape.at(-1)!;
  return backend.reshape(logits, [sizeOf(shape.slice(0, -1)), classes]);
}

/** [...] as [rows]. */
export function flatten<T>(backend: Backend<T>, x: T): T {
  return backend.reshape(x, [sizeOf(backend.shapeOf(x))]);
}
