import type { Backend, Shape } from '../backend.ts';
import { replaceRows } from './replaceRows.ts';

/**
 * A tensor of rows along the first axis that are made in parts: `part(index)` makes those that follow the parts before.
 * Where the backend has no way of its own, each part takes the place of its rows in a copy of the whole.
 */
export function joinRows<T>(backend: Backend<T>, shape: Shape, parts: number, part: (index: number) => T): T {
  if (backend.joinRows) return backend.joinRows(shape, parts, part);
  let joined = zeros(backend, shape);
  let start = 0;
  for (let index = 0; index < parts; index++) {
    const before = joined;
    joined = backend.scope(() => {
      const rows = part(index);
      const positions = Int32Array.from({ length: backend.shapeOf(rows)[0]! }, (_, row) => start + row);
      start += positions.length;
      return replaceRows(backend, before, positions, rows);
    });
    backend.dispose(before);
  }
  return joined;
}

function zeros<T>(backend: Backend<T>, shape: Shape): T {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return backend.fromHost({ data: new Float32Array(size), shape });
}
