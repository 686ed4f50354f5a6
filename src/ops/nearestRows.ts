/** The nearest other rows of each row of a matrix, a tile of the n × n table at a time. */
import type { Backend } from '../backend.ts';
import { foldRows } from './foldRows.ts';
import { emptyLists, offerTile } from './largestInRows.ts';
import { rowRange } from './rowRange.ts';

/** Numbers of a tile, about: 4 MB in float32. */
const tileSize = 2 ** 20;

/** For each row the rows that are nearest, nearest first. */
export interface NearestRows<T> {
  /** Row numbers, [n, count]; without meaning where `nearness` is −Infinity. */
  readonly places: T;
  /** [n, count], falling; −Infinity where there are fewer rows. */
  readonly nearness: T;
}

/**
 * The `count` nearest other rows of each row: of largest dot product or, with `distances`, of largest −‖xᵢ − xⱼ‖². Of equally
 * near ones the first comes first. What is in memory at a time is a tile, whatever the number of rows.
 */
export function nearestRows<T>(backend: Backend<T>, x: T, count: number, distances: boolean): NearestRows<T> {
  const [rows = 1] = backend.shapeOf(x);
  const step = Math.max(1, Math.min(rows, Math.floor(tileSize / rows)));
  const squares = distances ? backend.sum(backend.multiply(x, x), { axis: 1, keepDims: true }) : undefined;
  const shape = [rows, count];
  const { rows: found } = foldRows(backend, [shape, shape], Math.ceil(rows / step), [], (tile) => {
    const start = tile * step;
    const size = Math.min(step, rows - start);
    const own = rowRange(backend, start, size);
    const part = size === rows ? x : backend.gather(x, own);
    const products = backend.matMul(part, x, { transposeB: true });
    const nearness =
      squares === undefined ? products : distancesOf(backend, products, backend.gather(squares, own), squares);
    const { places, nearness: largest } =
      backend.readSync === undefined
        ? inRounds(backend, nearness, start, count)
        : onHost(backend, backend.readSync(nearness).data, start, size, count);
    return { rows: [places, largest], carried: [] };
  });
  return { places: found[0]!, nearness: found[1]! };
}

/** −‖xᵢ − xⱼ‖² from dot products. */
function distancesOf<T>(backend: Backend<T>, products: T, own: T, squares: T): T {
  const sums = backend.add(own, backend.transpose(squares));
  return backend.subtract(backend.multiply(backend.scalar(2), products), sums);
}

function onHost<T>(
  backend: Backend<T>,
  tile: ArrayLike<number>,
  start: number,
  size: number,
  count: number,
): NearestRows<T> {
  const lists = emptyLists(size, count);
  offerTile(lists, tile, tile.length / size, { column: 0, list: 0, own: start });
  const shape = [size, count];
  return {
    places: backend.fromHost({ data: lists.places, shape }),
    nearness: backend.fromHost({ data: lists.values, shape }),
  };
}

/** Where values cannot be read without waiting: the largest, then the largest of the others, and so on. */
function inRounds<T>(backend: Backend<T>, tile: T, start: number, count: number): NearestRows<T> {
  const [size = 1, columns = 1] = backend.shapeOf(tile);
  const none = backend.scalar(-Infinity);
  const column = (values: T): T => backend.reshape(values, [size, 1]);
  const empty = backend.fromHost({ data: new Float32Array(size * count), shape: [size, count] });
  let [left, places, nearness] = [
    backend.where(backend.oneHot(rowRange(backend, start, size), columns), none, tile),
    empty,
    empty,
  ];
  for (let round = 0; round < count; round++) {
    const before = { left, places, nearness };
    const made = backend.scope(() => {
      const place = backend.argMax(before.left);
      const slot = backend.oneHot(backend.fromHost({ data: Int32Array.of(round), shape: [1] }), count);
      return {
        left: backend.where(backend.oneHot(place, columns), none, before.left),
        places: backend.where(slot, column(place), before.places),
        nearness: backend.where(slot, column(backend.max(before.left, { axis: -1 })), before.nearness),
      };
    });
    ({ left, places, nearness } = made);
    if (round > 0) for (const tensor of Object.values(before)) backend.dispose(tensor);
  }
  return { places, nearness };
}
