/**
 * Centred cross-products of two sets of activations, of a size that depends on the features alone: what linear CKA and
 * the canonical correlations are made of. Parts merge exactly (Chan, Golub and LeVeque), third and fourth moments
 * included, which the unbiased HSIC needs.
 *
 * With d the squared lengths of centred samples x, and e those of y, a set keeps
 * `shift` + `offset` (its mean), `products` Σxxᵀ, `cubes` Σd·x and `quartic` Σd²; a pair keeps
 * `products` Σxyᵀ, `xCubes` Σe·x, `yCubes` Σd·y and `quartic` Σd·e.
 */
import type { Backend } from '../../backend.ts';
import { type HostStatistic, type HostStatistics, scalarStatistic } from '../../metricState.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { squaredLengths } from '../../ops/squaredLengths.ts';
import { crossProductsMark } from './formMarks.ts';
import { added, dot, meansOf, movedProducts, vector } from './mergedMoments.ts';
import type { PairForm, PairStatistics, Representation, SetStatistics } from './pairSimilarity.ts';

/** How many numbers the statistics of these widths hold, about. */
export function crossProductsSize(x: readonly number[], y: readonly number[]): number {
  const total = (widths: readonly number[], power: number) => widths.reduce((sum, width) => sum + width ** power, 0);
  return total(x, 2) + total(y, 2) + total(x, 1) * total(y, 1);
}

/** One set's statistics. */
function setProducts<T>(backend: Backend<T>, activations: T): Representation<T> {
  const { centred, shift, offset } = centredSamples(backend, activations);
  const squares = squaredLengths(backend, centred);
  return {
    statistics: {
      shift,
      offset,
      products: backend.matMul(centred, centred, { transposeA: true }),
      cubes: weightedRows(backend, squares, centred),
      quartic: backend.sum(backend.multiply(squares, squares)),
    },
    working: { centred, squares },
  };
}

function weightedRows<T>(backend: Backend<T>, weights: T, rows: T): T {
  const [, features = 1] = backend.shapeOf(rows);
  return backend.reshape(backend.matMul(weights, rows, { transposeA: true }), [features]);
}

/** A pair's statistics. */
function pairProducts<T>(backend: Backend<T>, x: Representation<T>, y: Representation<T>): Readonly<Record<string, T>> {
  const [first, firstSquares] = [x.working.centred!, x.working.squares!];
  const [second, secondSquares] = [y.working.centred!, y.working.squares!];
  return {
    products: backend.matMul(first, second, { transposeA: true }),
    xCubes: weightedRows(backend, secondSquares, first),
    yCubes: weightedRows(backend, firstSquares, second),
    quartic: backend.sum(backend.multiply(firstSquares, secondSquares)),
  };
}

/** matrix · v for a row-major matrix [rows, columns]. */
function timesVector({ data, shape }: HostStatistic, v: Float64Array): Float64Array {
  const [rows = 0, columns = 0] = shape;
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) sum += data[row * columns + column]! * v[column]!;
    result[row] = sum;
  }
  return result;
}

/** matrixᵀ · v. */
function vectorTimes(v: Float64Array, { data, shape }: HostStatistic): Float64Array {
  const [rows = 0, columns = 0] = shape;
  const result = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column]! += data[row * columns + column]! * v[row]!;
  }
  return result;
}

/** The sum of a square matrix's diagonal. */
export function traceOf({ data, shape }: HostStatistic): number {
  const [size = 0] = shape;
  let sum = 0;
  for (let index = 0; index < size; index++) sum += data[index * size + index]!;
  return sum;
}

/** A pair's moments about the points that lie −delta and −epsilon from its means. */
function moved(pair: PairStatistics, delta: Float64Array, epsilon: Float64Array) {
  const { samples, x, y, xy } = pair;
  const products = xy.products!;
  const [d, e] = [traceOf(x.statistics.products!), traceOf(y.statistics.products!)];
  const [deltaSquare, epsilonSquare] = [dot(delta, delta), dot(epsilon, epsilon)];
  const xyEpsilon = timesVector(products, epsilon);
  const xyDelta = vectorTimes(delta, products);
  const { xCubes, yCubes, quartic } = xy;
  return {
    products: movedProducts(pair, delta, epsilon),
    xCubes: xCubes!.data.map((cube, row) => cube + 2 * xyEpsilon[row]! + (e + samples * epsilonSquare) * delta[row]!),
    yCubes: yCubes!.data.map(
      (cube, column) => cube + 2 * xyDelta[column]! + (d + samples * deltaSquare) * epsilon[column]!,
    ),
    quartic:
      quartic!.data[0]! +
      2 * dot(epsilon, yCubes!.data) +
      2 * dot(delta, xCubes!.data) +
      epsilonSquare * d +
      deltaSquare * e +
      4 * dot(delta, xyEpsilon) +
      samples * deltaSquare * epsilonSquare,
  };
}

/** Merges a pair's statistics. */
function mergePairProducts(first: PairStatistics, second: PairStatistics): HostStatistics<string> {
  const xMeans = meansOf(first.x, second.x);
  const yMeans = meansOf(first.y, second.y);
  const a = moved(first, xMeans.ofFirst, yMeans.ofFirst);
  const b = moved(second, xMeans.ofSecond, yMeans.ofSecond);
  return {
    products: { data: added(a.products, b.products), shape: first.xy.products!.shape },
    xCubes: vector(added(a.xCubes, b.xCubes)),
    yCubes: vector(added(a.yCubes, b.yCubes)),
    quartic: scalarStatistic(a.quartic + b.quartic),
  };
}

/** Merges one set's statistics. */
function mergeSetProducts(first: SetStatistics, second: SetStatistics): HostStatistics<string> {
  const withItself = (set: SetStatistics): PairStatistics => ({
    samples: set.samples,
    form: crossProducts,
    x: set,
    y: set,
    xy: ofItself(set.statistics),
  });
  const { products, xCubes, quartic } = mergePairProducts(withItself(first), withItself(second));
  return {
    shift: first.statistics.shift!,
    offset: vector(meansOf(first, second).offset),
    products: products!,
    cubes: xCubes!,
    quartic: quartic!,
  };
}

function ofItself<Value>({ products, cubes, quartic }: Readonly<Record<string, Value>>): Record<string, Value> {
  return { products: products!, xCubes: cubes!, yCubes: cubes!, quartic: quartic! };
}

/** The form: by features, exact over a stream. */
export const crossProducts: PairForm = {
  name: 'features',
  markOf: (form) => (form === crossProducts ? crossProductsMark : undefined),
  sets: {
    shift: { shape: ['features'], degree: 1 },
    offset: { shape: ['features'], degree: 1 },
    products: { shape: ['features', 'features'], degree: 2 },
    cubes: { shape: ['features'], degree: 3 },
    quartic: { shape: [], degree: 4 },
  },
  pairs: {
    products: { shape: ['features of x', 'features of y'], degree: [1, 1] },
    xCubes: { shape: ['features of x'], degree: [1, 2] },
    yCubes: { shape: ['features of y'], degree: [2, 1] },
    quartic: { shape: [], degree: [2, 2] },
  },
  represent: setProducts,
  relate: pairProducts,
  ofItself,
  mergeSets: mergeSetProducts,
  mergePairs: mergePairProducts,
};
