/** Seeded activations for tests of similarities. */
import { type HostTensor, tensor } from 'dark-knowledge';
import { Matrix, QrDecomposition } from 'ml-matrix';
import { randomNormal } from '../../../src/random.ts';

/** Independent standard normal numbers [rows, columns]. */
export function normals(seed: number, rows: number, columns: number): HostTensor {
  return tensor(
    Float64Array.from({ length: rows * columns }, (_, index) => randomNormal(seed, index)),
    [rows, columns],
  );
}

/** A matrix as an array of rows. */
export function rowsOf({ data, shape }: HostTensor): number[][] {
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: rows }, (_, row) => Array.from(data.slice(row * columns, (row + 1) * columns)));
}

/** Rows times a random orthogonal matrix. */
export function rotated(seed: number, rows: number[][]): number[][] {
  const width = rows[0]!.length;
  const turn = new QrDecomposition(new Matrix(rowsOf(normals(seed, width, width)))).orthogonalMatrix;
  return new Matrix(rows).mmul(turn).to2DArray();
}
