import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkOptions, checkSameShape } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import type { HostStatistics } from '../../metricState.ts';
import { flatten } from '../../ops/flattenRows.ts';
import { scale } from '../../ops/scale.ts';
import { missing } from '../../ops/scoreFaults.ts';

/** What `pearsonCorrelation` returns. */
export interface PearsonCorrelationResult {
  /** In [−1, 1]; 0 where the status is not `'ok'`. */
  readonly value: number;
  /** `'constant'` where all of x, or all of y, are equal: the correlation is not defined. */
  readonly status: 'ok' | 'constant';
  readonly count: number;
}

/** Means, centred sums and extremes; `low…` hold −minimum, so that both extremes merge by the larger. */
type PearsonStatistic =
  | 'count'
  | 'meanX'
  | 'meanY'
  | 'squareX'
  | 'squareY'
  | 'product'
  | 'lowX'
  | 'highX'
  | 'lowY'
  | 'highY';

/**
 * Pearson's correlation of two series of numbers.
 *
 *     Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)²·Σ (y − ȳ)²)
 *
 * Inputs: `x` and `y` of one shape. Streams: means and centred sums of parts merge by Chan's formula, so that a large mean
 * does not cancel what is measured.
 *
 * @throws RangeError for NaN or Infinity; TypeError for shapes that differ.
 * @example
 * const { value } = measure(pearsonCorrelation(), { x: [1, 2, 3], y: [1, 3, 2] }); // 0.5
 * @see Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances (1979)
 */
// @__NO_SIDE_EFFECTS__
export function pearsonCorrelation(
  options: Readonly<Record<string, never>> = {},
): Metric<'x' | 'y', PearsonStatistic, PearsonCorrelationResult> {
  checkOptions('pearsonCorrelation', options, []);
  return {
    name: 'pearsonCorrelation',
    reference: pearsonCorrelation,
    options: {},
    inputs: ['x', 'y'],
    optionalInputs: [],

    check(backend, { x, y }) {
      checkNotEmpty('pearsonCorrelation', 'x', backend.shapeOf(x));
      checkSameShape('pearsonCorrelation', 'y', backend.shapeOf(y), 'x', backend.shapeOf(x));
    },

    statistics(backend, { x, y }) {
      const rows = backend.shapeOf(flatten(backend, x))[0]!;
      const [first, second] = [centred(backend, x, rows), centred(backend, y, rows)];
      const product = (a: typeof x, b: typeof x) => backend.sum(backend.multiply(a, b));
      return {
        count: backend.scalar(rows),
        meanX: first.mean,
        meanY: second.mean,
        squareX: product(first.deviations, first.deviations),
        squareY: product(second.deviations, second.deviations),
        product: product(first.deviations, second.deviations),
        lowX: first.low,
        highX: first.high,
        lowY: second.low,
        highY: second.high,
        // Infinity − Infinity is NaN as well.
        invalid: backend.add(missing(backend, backend.subtract(x, x)), missing(backend, backend.subtract(y, y))),
      };
    },

    faults: { invalid: { argument: 'x and y', expected: 'finite numbers', counted: 'others' } },

    merge: mergeMoments,

    finish(statistics) {
      const at = (name: PearsonStatistic) => statistics[name].data[0]!;
      if (-at('lowX') === at('highX') || -at('lowY') === at('highY')) {
        return { value: 0, status: 'constant', count: at('count') };
      }
      // Two roots: the product of the squares may overflow.
      const value = at('product') / Math.sqrt(at('squareX')) / Math.sqrt(at('squareY'));
      return { value: Math.max(-1, Math.min(1, value)), status: 'ok', count: at('count') };
    },
  };
}

/** The mean, and deviations from it whose own mean is taken off again: the first mean is rounded. */
function centred<T>(backend: Backend<T>, values: T, rows: number) {
  const mean = scale(backend, backend.sum(values), 1 / rows);
  const rough = backend.subtract(values, mean);
  const rest = scale(backend, backend.sum(rough), 1 / rows);
  return {
    mean: backend.add(mean, rest),
    deviations: backend.subtract(rough, rest),
    low: backend.max(scale(backend, values, -1)),
    high: backend.max(values),
  };
}

/** Chan's formula: centred sums of both parts, and what the distance of their means adds. */
function mergeMoments(
  first: HostStatistics<PearsonStatistic>,
  second: HostStatistics<PearsonStatistic>,
): HostStatistics<PearsonStatistic> {
  const one = (name: PearsonStatistic) => first[name].data[0]!;
  const two = (name: PearsonStatistic) => second[name].data[0]!;
  const count = one('count') + two('count');
  const share = two('count') / count;
  const [stepX, stepY] = [two('meanX') - one('meanX'), two('meanY') - one('meanY')];
  const weight = one('count') * share;
  const merged: Record<PearsonStatistic, number> = {
    count,
    meanX: one('meanX') + stepX * share,
    meanY: one('meanY') + stepY * share,
    squareX: one('squareX') + two('squareX') + stepX * stepX * weight,
    squareY: one('squareY') + two('squareY') + stepY * stepY * weight,
    product: one('product') + two('product') + stepX * stepY * weight,
    lowX: Math.max(one('lowX'), two('lowX')),
    highX: Math.max(one('highX'), two('highX')),
    lowY: Math.max(one('lowY'), two('lowY')),
    highY: Math.max(one('highY'), two('highY')),
  };
  return Object.fromEntries(
    Object.entries(merged).map(([name, value]) => [name, { data: Float64Array.of(value), shape: [] }]),
  ) as unknown as HostStatistics<PearsonStatistic>;
}
