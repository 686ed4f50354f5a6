import type { Backend } from '../backend.ts';

/**
 * A copy of `x` [rows, ...] in which the rows at `positions` are those of `replacement`, in order. Positions are known on
 * the host and all different. A gather and a choice, so it runs on every backend.
 */
export function replaceRows<T>(backend: Backend<T>, x: T, positions: ArrayLike<number>, replacement: T): T {
  if (backend.replaceRows) return backend.replaceRows(x, positions, replacement);
  const shape = backend.shapeOf(x);
  const rows = shape[0]!;
  const source = new Int32Array(rows);
  const replaced = new Float32Array(rows);
  for (let index = 0; index < positions.length; index++) {
    source[positions[index]!] = index;
    replaced[positions[index]!] = 1;
  }
  const column = shape.map((_, axis) => (axis === 0 ? rows : 1));
  const moved = backend.gather(replacement, backend.fromHost({ data: source, shape: [rows] }));
  return backend.where(backend.fromHost({ data: replaced, shape: column }), moved, x);
}
