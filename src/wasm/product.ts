/** Matrix products in linear memory, spread over threads. */
import type { Kernels, Pointer } from './assemblyExports.ts';
import type { TensorStore } from './tensors.ts';
import { type RowRange, rangesOf, type Threads } from './threads.ts';

/** A matrix in memory, read through strides: a transposed one is the same with the two exchanged. */
export interface Factor {
  readonly at: Pointer;
  readonly rowBytes: number;
  readonly columnBytes: number;
}

/** A row-major matrix of float32, or its transpose. */
export function factor(at: Pointer, columns: number, transposed = false): Factor {
  const [rowBytes, columnBytes] = transposed ? [4, columns * 4] : [columns * 4, 4];
  return { at, rowBytes, columnBytes };
}

/** A product [rows, columns], row-major. */
export interface Product {
  readonly a: Factor;
  readonly b: Factor;
  readonly out: Pointer;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** The result holds float64, and blocks of 256 products are summed in it. */
  readonly wide?: boolean;
  /** The product equals its transpose (X·Xᵀ): half of it is computed. */
  readonly symmetric?: boolean;
  /** Squared distances of the rows of A and the columns of B, by differences, in place of their products. */
  readonly distances?: boolean;
}

/** What products run on. */
export interface ProductHost {
  readonly kernels: Kernels;
  readonly store: TensorStore;
  readonly threads: Threads;
}

/** Multiply-adds below which a part of its own costs more than it brings. */
const leastSteps = 2 ** 20;
/** Rows (or columns) of a part at least: each part lays out the whole other factor. */
const leastRows = 60;
const partsOfAThread = 3;

/** Computes products of one form. */
export function computeProducts({ kernels, store, threads }: ProductHost, products: readonly Product[]): void {
  const scratchBytes = kernels.matrixScratchBytes();
  const tileRows = kernels.matrixTileRows();
  const argumentLists = products.flatMap((product) => partsOf(product, threads.available(), tileRows));
  store.withScratch(scratchBytes * threads.size, (scratch) => {
    threads.run('matrixMultiply', argumentLists, { at: 15, start: scratch, step: scratchBytes });
  });
}

/** The calls for one product: all of it, or ranges of its longer side. */
function partsOf(product: Product, threads: number, tileRows: number): (readonly number[])[] {
  const { rows, columns, inner, symmetric = false } = product;
  const longer = symmetric ? rows : Math.max(rows, columns);
  const steps = (rows * columns * inner) / (symmetric ? 2 : 1);
  const parts =
    threads === 1
      ? 1
      : Math.max(1, Math.min(threads * partsOfAThread, Math.floor(steps / leastSteps), Math.floor(longer / leastRows)));
  if (symmetric)
    return triangles(rows, parts, tileRows).map((range) => rowsOf(product, range, range.start + range.size));
  if (columns > rows) return rangesOf(columns, parts, 8).map((range) => columnsOf(product, range));
  return rangesOf(rows, parts, tileRows).map((range) => rowsOf(product, range, columns));
}

/** Ranges of rows of a lower triangle that hold as many elements each. */
function triangles(rows: number, parts: number, step: number): readonly RowRange[] {
  const ends = Array.from({ length: parts }, (_, part) =>
    part + 1 === parts ? rows : Math.round((rows * Math.sqrt((part + 1) / parts)) / step) * step,
  );
  return ends.map((end, part) => ({ start: ends[part - 1] ?? 0, size: end - (ends[part - 1] ?? 0) }));
}

function rowsOf(product: Product, range: RowRange, columns: number) {
  const { a, b, out, columns: outColumns, inner, wide, symmetric, distances } = product;
  const { start, size } = range;
  return [
    ...[a.at + start * a.rowBytes, a.rowBytes, a.columnBytes],
    ...[b.at, b.rowBytes, b.columnBytes],
    ...[out + start * outColumns * (wide ? 8 : 4), outColumns],
    ...[size, columns, inner, wide ? 1 : 0, symmetric ? 1 : 0, symmetric ? start : 0, distances ? 1 : 0, 0],
  ];
}

function columnsOf(
  { a, b, out, rows, columns: outColumns, inner, wide, distances }: Product,
  { start, size }: RowRange,
) {
  return [
    ...[a.at, a.rowBytes, a.columnBytes],
    ...[b.at + start * b.columnBytes, b.rowBytes, b.columnBytes],
    ...[out + start * (wide ? 8 : 4), outColumns],
    ...[rows, size, inner, wide ? 1 : 0, 0, 0, distances ? 1 : 0, 0],
  ];
}
