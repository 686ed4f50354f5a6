/** Centred kernel alignment of a pair, in its two forms: by features, which streams, and by Gram matrices. */
import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { HostStatistic, HostStatistics } from '../../metricState.ts';
import { diagonalOf, doublyCentred, squaredDistances, uCentred } from '../../ops/centredGram.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { median as medianOf } from '../../ops/median.ts';
import { type CkaSettings, usesGram } from './ckaOptions.ts';
import { mergePairProducts, mergeSetProducts, pairProducts, setProducts, traceOf } from './crossProducts.ts';
import type { PairSimilarity, PairStatistics } from './pairSimilarity.ts';

/** Whether a CKA is defined, and why not. */
export type CkaStatus = 'ok' | 'constantX' | 'constantY' | 'constantBoth' | 'tooFewSamples' | 'debiasedUndefined';

/** What `cka` returns. */
export interface CkaResult {
  /** `debiased` where the options ask for it or `minibatch` is set, else `biased`. */
  readonly value: number;
  /** In [0, 1]; near 1 for unrelated activations where samples are fewer than features. 0 where undefined. */
  readonly biased: number;
  /** At most 1, near 0 for unrelated activations whatever the number of samples. 0 where undefined. */
  readonly debiased: number;
  readonly samples: number;
  /**
   * `'constantX'`, `'constantY'`, `'constantBoth'`: all samples are equal, so nothing is defined and the numbers are 0.
   * `'tooFewSamples'`: under 4, so `debiased` is 0. `'debiasedUndefined'`: samples that differ in nothing but one outlier,
   * or by equal amounts each from each, so that the unbiased HSIC of a set with itself is 0; `debiased` is 0.
   */
  readonly status: CkaStatus;
}

function kernelMatrix<T>(backend: Backend<T>, gram: T, { kernel, bandwidth, median }: CkaSettings): T {
  if (kernel === 'linear') return gram;
  const distances = squaredDistances(backend, gram);
  const [size = 1] = backend.shapeOf(gram);
  const middle = medianOf(backend, distances, median === 'withoutDiagonal' ? size : 0);
  // A median of 0, where most samples are equal, gives the limit of a narrow kernel: 1 for equal samples, else 0.
  const scaled = backend.divide(distances, backend.multiply(middle, backend.scalar(-2 * bandwidth ** 2)));
  const isZero = backend.subtract(backend.scalar(1), backend.greater(distances, backend.scalar(0)));
  return backend.where(isZero, backend.scalar(1), backend.exp(scaled));
}

/** What a pair's CKA is made of: kernel alignments up to a common factor. */
interface Alignments {
  readonly biased: readonly [xy: number, xx: number, yy: number];
  readonly debiased: readonly [xy: number, xx: number, yy: number];
  readonly constantX: boolean;
  readonly constantY: boolean;
  /** The share of a biased alignment that rounding may leave where the debiased one is 0. */
  readonly rounding: number;
}

function ckaResult(
  samples: number,
  { biased, debiased, constantX, constantY, rounding }: Alignments,
  prefersDebiased: boolean,
): CkaResult {
  if (constantX || constantY) {
    const status = constantX && constantY ? 'constantBoth' : constantX ? 'constantX' : 'constantY';
    return { value: 0, biased: 0, debiased: 0, samples, status };
  }
  const ratio = ([xy, xx, yy]: readonly [number, number, number]) => xy / Math.sqrt(xx) / Math.sqrt(yy);
  const biasedCka = Math.min(1, ratio(biased));
  const isDefined = samples >= 4 && debiased[1] > rounding * biased[1] && debiased[2] > rounding * biased[2];
  const debiasedCka = isDefined ? Math.min(1, ratio(debiased)) : 0;
  const status = isDefined ? 'ok' : samples < 4 ? 'tooFewSamples' : 'debiasedUndefined';
  return {
    value: prefersDebiased ? debiasedCka : biasedCka,
    biased: biasedCka,
    debiased: debiasedCka,
    samples,
    status,
  };
}

function sumOfSquares({ data }: HostStatistic): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum;
}

/**
 * The unbiased HSIC times n(n − 3), from centred features: with zero-diagonal Gram matrices written out, it is
 * |XᵀY|² − n/(n − 2)·Σdᵢeᵢ + ΣdᵢΣeᵢ/((n − 1)(n − 2)), where d and e are the squared lengths of the samples.
 */
function unbiasedAlignment(n: number, square: number, quartic: number, d: number, e: number): number {
  return square - (n / (n - 2)) * quartic + (d * e) / ((n - 1) * (n - 2));
}

function alignmentsByFeatures({ samples, x, y, xy }: PairStatistics): Alignments {
  const [d, e] = [traceOf(x.products!), traceOf(y.products!)];
  const biased = [sumOfSquares(xy.products!), sumOfSquares(x.products!), sumOfSquares(y.products!)] as const;
  const quartics = [xy.quartic!.data[0]!, x.quartic!.data[0]!, y.quartic!.data[0]!] as const;
  return {
    biased,
    debiased: [
      unbiasedAlignment(samples, biased[0], quartics[0], d, e),
      unbiasedAlignment(samples, biased[1], quartics[1], d, d),
      unbiasedAlignment(samples, biased[2], quartics[2], e, e),
    ],
    constantX: d === 0,
    constantY: e === 0,
    // The debiased alignment is a difference of numbers of the biased one's size, each with float32's rounding.
    rounding: 1e-5,
  };
}

function alignmentsByGram({ x, y, xy }: PairStatistics): Alignments {
  const first = (statistic: HostStatistic | undefined) => statistic!.data[0]!;
  return {
    biased: [first(xy.biased), first(x.biased), first(y.biased)],
    debiased: [first(xy.debiased), first(x.debiased), first(y.debiased)],
    constantX: first(x.spread) === 0,
    constantY: first(y.spread) === 0,
    // A sum of squares: the diagonal is left out before anything cancels.
    rounding: 1e-10,
  };
}

/** The CKA of a pair, by settings that were checked. */
export function ckaSimilarity(where: string, settings: CkaSettings): PairSimilarity<CkaResult> {
  const inner = <T>(backend: Backend<T>, a: T, b: T, factor: number): T =>
    backend.multiply(backend.sum(backend.multiply(a, b)), backend.scalar(factor));

  const alignGram = <T>(backend: Backend<T>, a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>) => {
    const [n = 1] = backend.shapeOf(a.centred!);
    return {
      biased: inner(backend, a.centred!, b.centred!, 1 / Math.max(1, n - 1) ** 2),
      debiased: n < 4 ? backend.scalar(0) : inner(backend, a.uCentred!, b.uCentred!, 1 / (n * (n - 3))),
    };
  };

  const refuseMerge = (statistics: HostStatistics<string>): void => {
    if (settings.minibatch || statistics.products !== undefined) return;
    throw rangeError(
      where,
      'form',
      settings.kernel === 'rbf' ? 'minibatch for a stream with an RBF kernel' : "'features' or minibatch for a stream",
      'Gram matrices of one batch',
      settings.kernel === 'rbf'
        ? 'Pass { minibatch: true }.'
        : "Pass { form: 'features' } for the exact value, or { minibatch: true } for a state of three numbers.",
    );
  };

  return {
    name: where,
    kind: 'similarity',
    leastSamples: settings.minibatch ? 4 : 1,

    represent(backend, activations, widths) {
      const [n = 1] = backend.shapeOf(activations);
      if (!usesGram(settings, n, widths)) return setProducts(backend, activations);
      const { centred } = centredSamples(backend, activations);
      const gram = backend.matMul(centred, centred, { transposeB: true });
      const kernel = kernelMatrix(backend, gram, settings);
      const working = { centred: doublyCentred(backend, kernel), uCentred: n < 4 ? kernel : uCentred(backend, kernel) };
      const spread = backend.sum(diagonalOf(backend, gram));
      return { statistics: { ...alignGram(backend, working, working), spread }, working };
    },

    relate(backend, x, y) {
      return x.working.squares === undefined ? alignGram(backend, x.working, y.working) : pairProducts(backend, x, y);
    },

    mergeSets(first, second) {
      refuseMerge(first.statistics);
      refuseMerge(second.statistics);
      if (settings.minibatch) return summed(first.statistics, second.statistics);
      return mergeSetProducts(first, second);
    },

    mergePairs(first, second) {
      return settings.minibatch ? summed(first.xy, second.xy) : mergePairProducts(first, second);
    },

    finish(pair) {
      const alignments = pair.xy.products === undefined ? alignmentsByGram(pair) : alignmentsByFeatures(pair);
      return ckaResult(pair.samples, alignments, settings.debiased || settings.minibatch);
    },

    mirror(result) {
      const mirrored = { constantX: 'constantY', constantY: 'constantX' } as const;
      const { status } = result;
      return { ...result, status: status === 'constantX' || status === 'constantY' ? mirrored[status] : status };
    },
  };
}

function summed(first: HostStatistics<string>, second: HostStatistics<string>): HostStatistics<string> {
  return Object.fromEntries(
    Object.entries(first).map(([name, { data, shape }]) => [
      name,
      { data: data.map((value, index) => value + second[name]!.data[index]!), shape },
    ]),
  );
}
