import type { Backend } from '../backend.ts';
import { holdsDoubles } from './holdsDoubles.ts';

/** Σ x² of each row, [rows, 1]. Doubles in host memory are read in one walk, without a matrix of squares. */
export function squaredLengths<T>(backend: Backend<T>, matrix: T): T {
  const held = holdsDoubles(backend) ? backend.readSync?.(matrix).data : undefined;
  if (!(held instanceof Float64Array))
    return backend.sum(backend.multiply(matrix, matrix), { axis: 1, keepDims: true });
  const [rows = 0, width = 0] = backend.shapeOf(matrix);
  const squares = new Float64Array(rows);
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (const end = at + width; at < end; at++) sum += held[at]! * held[at]!;
    squares[row] = sum;
  }
  return backend.fromHost({ data: squares, shape: [rows, 1] });
}
