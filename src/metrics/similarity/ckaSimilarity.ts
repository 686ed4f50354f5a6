/** Centred kernel alignment of a pair, in its forms: by features, which streams, and by Gram matrices. */
import { rangeError } from '../../check.ts';
import type { HostStatistic } from '../../metricState.ts';
import { type ActivationStatus, activationStatus, withStatusExchanged } from './activationStatus.ts';
import { type ChanceMoments, debiasedChance, permutationMoments } from './ckaChance.ts';
import { ckaRematching } from './ckaMatchings.ts';
import { type CkaSettings, usesGram } from './ckaOptions.ts';
import { crossProducts, traceOf } from './crossProducts.ts';
import { gaussianGram, linearGram } from './gramAlignment.ts';
import type { PairSimilarity, PairStatistics } from './pairSimilarity.ts';

/** Whether a CKA is defined, and why not. */
export type CkaStatus = ActivationStatus | 'tooFewSamples' | 'debiasedUndefined';

/** What `cka` returns. */
export interface CkaResult {
  /** `debiased` where the options ask for it or `minibatch` is set, else `biased`. */
  readonly value: number;
  /** In [0, 1]; near 1 for unrelated activations where samples are fewer than features. 0 where undefined. */
  readonly biased: number;
  /** At most 1, near 0 for unrelated activations whatever the number of samples. 0 where undefined. */
  readonly debiased: number;
  /**
   * What chance would give for `value`: its mean over all ways to match the samples of x with those of y. Null where it is not
   * known: for fewer than 4 samples, constant activations, and biased minibatches.
   */
  readonly expected: number | null;
  /** The standard deviation over all those ways. */
  readonly standardDeviation: number | null;
  /** `value` less `expected`, in standard deviations. Null also where those are 0. */
  readonly z: number | null;
  readonly samples: number;
  /**
   * `'constantX'`, `'constantY'`, `'constantBoth'`: all samples are equal, so nothing is defined and the numbers are 0.
   * `'tooFewSamples'`: under 4, so `debiased` is 0. `'debiasedUndefined'`: samples that differ in nothing but one outlier,
   * or by equal amounts each from each, so that the unbiased HSIC of a set with itself is 0; `debiased` is 0.
   */
  readonly status: CkaStatus;
}

/** A number for the pair, and one for each set with itself. */
type OfThree = readonly [xy: number, xx: number, yy: number];

/** What a pair's CKA is made of: kernel alignments up to a common factor. */
interface Alignments {
  readonly biased: OfThree;
  readonly debiased: OfThree;
  readonly constantX: boolean;
  readonly constantY: boolean;
  /** The share of a biased alignment that rounding may leave where the debiased one is 0. */
  readonly rounding: number;
  /** What chance would give for the biased and for the debiased value. */
  readonly chance: { readonly biased: ChanceMoments | undefined; readonly debiased: ChanceMoments };
}

function ckaResult(
  samples: number,
  { biased, debiased, constantX, constantY, rounding, chance }: Alignments,
  prefersDebiased: boolean,
): CkaResult {
  const unknown = { expected: null, standardDeviation: null, z: null };
  const constant = activationStatus(constantX, constantY);
  if (constant !== 'ok') return { value: 0, biased: 0, debiased: 0, ...unknown, samples, status: constant };
  const ratio = ([xy, xx, yy]: OfThree) => xy / Math.sqrt(xx) / Math.sqrt(yy);
  const biasedCka = Math.min(1, ratio(biased));
  const isDefined = samples >= 4 && debiased[1] > rounding * biased[1] && debiased[2] > rounding * biased[2];
  const debiasedCka = isDefined ? Math.min(1, ratio(debiased)) : 0;
  const status = isDefined ? 'ok' : samples < 4 ? 'tooFewSamples' : 'debiasedUndefined';
  const value = prefersDebiased ? debiasedCka : biasedCka;
  const moments =
    samples < 4 || (prefersDebiased && !isDefined) ? undefined : chance[prefersDebiased ? 'debiased' : 'biased'];
  return {
    value,
    biased: biasedCka,
    debiased: debiasedCka,
    ...(moments === undefined ? unknown : { ...moments, z: zOf(value, moments) }),
    samples,
    status,
  };
}

function zOf(value: number, { expected, standardDeviation }: ChanceMoments): number | null {
  return standardDeviation > 0 ? (value - expected) / standardDeviation : null;
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

const first = (statistic: HostStatistic | undefined): number => statistic!.data[0]!;

function alignmentsByFeatures({ samples, x, y, xy }: PairStatistics): Alignments {
  const [own, other] = [x.statistics, y.statistics];
  const [d, e] = [traceOf(own.products!), traceOf(other.products!)];
  const biased = [sumOfSquares(xy.products!), sumOfSquares(own.products!), sumOfSquares(other.products!)] as const;
  const quartics = [first(xy.quartic), first(own.quartic), first(other.quartic)] as const;
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
    chance: {
      biased: permutationMoments(
        samples,
        { trace: d, square: biased[1], diagonalSquares: quartics[1] },
        { trace: e, square: biased[2], diagonalSquares: quartics[2] },
      ),
      debiased: debiasedChance(samples),
    },
  };
}

function alignmentsByGram({ samples, x, y, xy }: PairStatistics, isOneBatch: boolean): Alignments {
  const [own, other] = [x.statistics, y.statistics];
  const debiased = [first(xy.debiased), first(own.debiased), first(other.debiased)] as const;
  const matrixOf = (set: typeof own) => ({
    trace: first(set.trace),
    square: first(set.biased) * (samples - 1) ** 2,
    diagonalSquares: first(set.diagonalSquares),
  });
  return {
    biased: [first(xy.biased), first(own.biased), first(other.biased)],
    debiased,
    constantX: first(own.spread) === 0,
    constantY: first(other.spread) === 0,
    // A sum of squares: the diagonal is left out before anything cancels.
    rounding: 1e-10,
    chance: {
      biased: isOneBatch ? permutationMoments(samples, matrixOf(own), matrixOf(other)) : undefined,
      debiased: {
        expected: 0,
        standardDeviation: Math.sqrt(first(xy.chanceVariance)) / Math.sqrt(debiased[1]) / Math.sqrt(debiased[2]),
      },
    },
  };
}

/** The CKA of a pair, by settings that were checked. */
export function ckaSimilarity(where: string, settings: CkaSettings): PairSimilarity<CkaResult, CkaSettings> {
  const { kernel, minibatch, form } = settings;
  const byGram = kernel === 'rbf' ? gaussianGram : linearGram;
  const choices = { auto: [crossProducts, byGram], features: [crossProducts], gram: [byGram] } as const;
  return {
    name: where,
    kind: 'similarity',
    leastSamples: minibatch ? 4 : 1,
    settings,
    forms: kernel === 'rbf' || minibatch ? choices.gram : choices[form],

    choose: (extents) => (usesGram(settings, extents) ? byGram : crossProducts),

    mergeError(used) {
      if (minibatch || used.name === crossProducts.name) return undefined;
      return rangeError(
        where,
        'form',
        kernel === 'rbf' ? 'minibatch for a stream with an RBF kernel' : "'features' or minibatch for a stream",
        'Gram matrices of one batch',
        kernel === 'rbf'
          ? 'Pass { minibatch: true }.'
          : "Pass { form: 'features' } for the exact value, or { minibatch: true } for a state of a few numbers.",
      );
    },

    finish(pair) {
      const alignments =
        pair.form.name === crossProducts.name ? alignmentsByFeatures(pair) : alignmentsByGram(pair, !minibatch);
      return ckaResult(pair.samples, alignments, settings.debiased || minibatch);
    },

    mirror: withStatusExchanged,
    rematch: ckaRematching(settings),
  };
}
