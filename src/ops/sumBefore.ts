import type { Backend } from '../backend.ts';
import { sizeOf } from '../tensor.ts';
import { takeAlong } from './takeAlong.ts';

/**
 * The sum of the elements before each one along the last axis: 0 for the first.
 *
 * Rows of more than 256 elements are cut into about √n blocks of as many, which a product with a triangle of ones adds up,
 * and then their totals likewise: n·√n steps a row and no pass for each element.
 */
export function sumBefore<T>(backend: Backend<T>, x: T): T {
  const shape = backend.shapeOf(x);
  const count = shape.at(-1)!;
  const rows = sizeOf(shape.slice(0, -1));
  const table = backend.reshape(x, [rows, count]);
  if (count <= 256) return backend.reshape(backend.matMul(table, earlier(backend, count)), shape);
  return backend.scope(() => {
    const width = Math.ceil(Math.sqrt(count));
    const blocks = Math.ceil(count / width);
    const padded = resized(backend, table, rows, width * blocks);
    const inBlocks = backend.matMul(backend.reshape(padded, [rows * blocks, width]), earlier(backend, width));
    const totals = backend.sum(backend.reshape(padded, [rows, blocks, width]), { axis: -1 });
    const before = backend.matMul(totals, earlier(backend, blocks));
    const sums = backend.add(
      backend.reshape(inBlocks, [rows, blocks, width]),
      backend.reshape(before, [rows, blocks, 1]),
    );
    return backend.reshape(resized(backend, backend.reshape(sums, [rows, width * blocks]), rows, count), shape);
  });
}

/** 1 where the row's number is below the column's, [size, size]. */
function earlier<T>(backend: Backend<T>, size: number): T {
  const numbers = { data: Float32Array.from({ length: size }, (_, index) => index), shape: [size] };
  const row = backend.fromHost(numbers);
  return backend.greater(row, backend.reshape(row, [size, 1]));
}

/** [rows, n] with zeros after its columns, or without its last columns. */
function resized<T>(backend: Backend<T>, table: T, rows: number, columns: number): T {
  const numbers = { data: Float32Array.from({ length: columns }, (_, index) => index), shape: [columns] };
  const zeros = backend.fromHost({ data: new Float32Array(rows), shape: [rows, 1] });
  return takeAlong(backend, table, backend.add(zeros, backend.fromHost(numbers)));
}
