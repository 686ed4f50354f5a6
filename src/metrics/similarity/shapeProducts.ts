/**
 * What shapes are compared by, of a size that depends on the features alone: a set keeps `shift` + `offset` (its mean) and
 * `square` Σ|x|² of its centred samples, a pair `products` Σxyᵀ. Parts merge exactly. The cross-products of a set with itself,
 * which `crossProducts` has beside, are half of its work, and no shape distance reads more of them than their trace.
 */
import type { Backend } from '../../backend.ts';
import { type HostStatistics, scalarStatistic } from '../../metricState.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { squaredLengths } from '../../ops/squaredLengths.ts';
import { shapeProductsMark } from './formMarks.ts';
import { added, dot, meansOf, movedProducts, vector } from './mergedMoments.ts';
import type { PairForm, PairStatistics, Representation, SetStatistics } from './pairSimilarity.ts';

function represent<T>(backend: Backend<T>, activations: T): Representation<T> {
  const { centred, shift, offset } = centredSamples(backend, activations);
  const square = backend.sum(squaredLengths(backend, centred));
  return { statistics: { shift, offset, square }, working: { centred } };
}

function mergeSets(first: SetStatistics, second: SetStatistics): HostStatistics<string> {
  const { offset, ofFirst, ofSecond } = meansOf(first, second);
  const moved = ({ samples, statistics }: SetStatistics, by: Float64Array): number =>
    statistics.square!.data[0]! + samples * dot(by, by);
  return {
    shift: first.statistics.shift!,
    offset: vector(offset),
    square: scalarStatistic(moved(first, ofFirst) + moved(second, ofSecond)),
  };
}

function mergePairs(first: PairStatistics, second: PairStatistics): HostStatistics<string> {
  const [x, y] = [meansOf(first.x, second.x), meansOf(first.y, second.y)];
  const data = added(movedProducts(first, x.ofFirst, y.ofFirst), movedProducts(second, x.ofSecond, y.ofSecond));
  return { products: { data, shape: first.xy.products!.shape } };
}

/** The form: by features, exact over a stream. */
export const shapeProducts: PairForm = {
  name: 'features',
  markOf: (form) => (form === shapeProducts ? shapeProductsMark : undefined),
  sets: {
    shift: { shape: ['features'], degree: 1 },
    offset: { shape: ['features'], degree: 1 },
    square: { shape: [], degree: 2 },
  },
  pairs: { products: { shape: ['features of x', 'features of y'], degree: [1, 1] } },
  represent,
  relate: (backend, x, y) => ({
    products: backend.matMul(x.working.centred!, y.working.centred!, { transposeA: true }),
  }),
  mergeSets,
  mergePairs,
};
