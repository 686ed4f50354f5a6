import type { Metric } from '../../metric.ts';
import { list, readOptions, within } from '../../options.ts';
import { requireRows } from '../../rowMetric.ts';
import type { CalibrationInput, CalibrationOptionalInput } from './calibrationError.ts';
import { type ConfidenceGroups, sumRounding } from './confidenceGroups.ts';
import { type ConfidenceMetricOptions, confidenceMetric, confidenceMetricReaders } from './confidenceMetric.ts';
import { harmonicDifference } from './harmonic.ts';

/** Options of `selectiveAccuracy`. */
export interface SelectiveAccuracyOptions<From extends 'scores' | 'confidences' = 'scores' | 'confidences'>
  extends ConfidenceMetricOptions<From> {
  /** Shares of the rows that are to be answered, in [0, 1]. Default [0.5, 0.7, 0.8, 0.9, 0.95, 1]. */
  readonly coverages?: readonly number[];
  /** Accuracies that the answers are to reach, in [0, 1]. Default [0.9, 0.95, 0.99]. */
  readonly accuracies?: readonly number[];
}

/** A choice of which rows to answer: those of at least a confidence. */
export interface SelectivePoint {
  /** The share of rows that are answered. */
  readonly coverage: number;
  /** The share of the answers that are right; null where none is given. */
  readonly accuracy: number | null;
  /** The least confidence that is answered; null where none is. */
  readonly threshold: number | null;
}

/** What `selectiveAccuracy` returns. */
export interface SelectiveAccuracyResult {
  /** AURC, the area under the risk–coverage curve, in [0, 1]: the mean error rate of the surest 1, 2, … N rows. */
  readonly value: number;
  /** The least area that this many errors allow: all of them at the lowest confidences. */
  readonly optimal: number;
  /** E-AURC, value − optimal: what the order of confidences costs; 0 where every error is less sure than every hit. */
  readonly excess: number;
  /** The area that confidences without any meaning give on average: the error rate. */
  readonly chance: number;
  /** The share of all rows that are right. */
  readonly accuracy: number;
  /** Rows that count: the sum of their weights, where there are any. */
  readonly count: number;
  /**
   * The share of itself within which a confidence counts as equal to another: 0 unless there are more than 65,536
   * different ones.
   */
  readonly resolution: number;
  /** For each coverage asked for, the nearest point that answers at least so many rows. */
  readonly atCoverage: readonly (SelectivePoint & { readonly asked: number })[];
  /** For each accuracy asked for, the point of the largest coverage that reaches it. */
  readonly atAccuracy: readonly (SelectivePoint & { readonly asked: number })[];
  /** The curve, from the surest rows to all: a point for each confidence that occurs, since equal ones cannot be told apart. */
  readonly curve: {
    readonly coverage: Float64Array;
    readonly accuracy: Float64Array;
    readonly threshold: Float64Array;
  };
}

/**
 * Selective accuracy: how accurate a model is on the rows of which it is surest, and what share of the rows may be
 * answered at a given accuracy. The whole curve, also known as risk–coverage (risk = 1 − accuracy), and the area under it.
 *
 *     AURC = (1/N)·Σ_n errors among the n surest rows / n
 *
 * Among rows of equal confidence the mean over all their orders is taken, so the order of rows does not matter. A row of
 * weight 2 counts as two rows.
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes], or with `from: 'confidences'`
 * `confidences` [...] in [0, 1] and `correct` [...], 0 or 1; optional `rowWeights` [...]. Streams and merges, exactly up to 65,536
 * different confidences.
 *
 * @throws RangeError for a confidence outside [0, 1], NaN, a label or option out of range, or no row that counts.
 * @example
 * const { value, excess, atCoverage } = measure(selectiveAccuracy({ coverages: [0.8] }), { logits, labels });
 * @see Geifman, El-Yaniv: Selective classification for deep neural networks (2017), arXiv 1705.08500; E-AURC: Geifman,
 * Uziel, El-Yaniv: Bias-reduced uncertainty estimation for deep neural classifiers (2019), arXiv 1805.08206
 */
// @__NO_SIDE_EFFECTS__
export function selectiveAccuracy<From extends 'scores' | 'confidences' = 'scores'>(
  options: SelectiveAccuracyOptions<From> = {},
): Metric<CalibrationInput<From>, string, SelectiveAccuracyResult, CalibrationOptionalInput<From>> {
  const where = 'selectiveAccuracy';
  const share = list(within(0, 1));
  const checked = readOptions(where, options, {
    coverages: (name, option, given = [0.5, 0.7, 0.8, 0.9, 0.95, 1]) => share(name, option, given),
    accuracies: (name, option, given = [0.9, 0.95, 0.99]) => share(name, option, given),
    ...confidenceMetricReaders<From>(),
  });
  return confidenceMetric<From, SelectiveAccuracyResult>(where, selectiveAccuracy, checked, (groups, resolution) => ({
    ...choicesOf(where, groups, checked),
    resolution,
  }));
}

function choicesOf(
  where: string,
  groups: ConfidenceGroups,
  { coverages, accuracies }: { readonly coverages: readonly number[]; readonly accuracies: readonly number[] },
): Omit<SelectiveAccuracyResult, 'resolution'> {
  const count = requireRows(
    where,
    groups.weights.reduce((sum, weight) => sum + weight, 0),
  );
  const correct = groups.hits.reduce((sum, hits) => sum + hits, 0);
  const curve = curveOf(groups, count);
  const value = areaOf(groups, count);
  const optimal = bestArea(correct, count);
  const pointAt = (place: number): SelectivePoint =>
    place < 0
      ? { coverage: 0, accuracy: null, threshold: null }
      : { coverage: curve.coverage[place]!, accuracy: curve.accuracy[place]!, threshold: curve.threshold[place]! };
  return {
    value,
    optimal,
    // What rounding leaves of 0.
    excess: Math.max(0, value - optimal),
    chance: 1 - correct / count,
    accuracy: correct / count,
    count,
    atCoverage: coverages.map((asked) => ({ asked, ...pointAt(asked === 0 ? -1 : reaching(curve.coverage, asked)) })),
    atAccuracy: accuracies.map((asked) => ({
      asked,
      ...pointAt(curve.accuracy.findLastIndex((a) => reaches(a, asked))),
    })),
    curve,
  };
}

/** Whether a share is at least another, which sums of weights may miss by their rounding. */
const reaches = (share: number, asked: number): boolean => share >= asked - sumRounding;

/** The first place of a rising curve that reaches a number; its last element is as good as 1. */
function reaching(coverage: Float64Array, asked: number): number {
  const place = coverage.findIndex((value) => reaches(value, asked));
  return place < 0 ? coverage.length - 1 : place;
}

function curveOf({ confidences, weights, hits }: ConfidenceGroups, count: number): SelectiveAccuracyResult['curve'] {
  const points = confidences.length;
  const curve = {
    coverage: new Float64Array(points),
    accuracy: new Float64Array(points),
    threshold: confidences.slice().reverse(),
  };
  let [answered, right] = [0, 0];
  for (let place = 0; place < points; place++) {
    answered += weights[points - 1 - place]!;
    right += hits[points - 1 - place]!;
    curve.coverage[place] = answered / count;
    curve.accuracy[place] = right / answered;
  }
  return curve;
}

function areaOf({ weights, hits }: ConfidenceGroups, count: number): number {
  let [answered, errors, area] = [0, 0, 0];
  for (let group = weights.length - 1; group >= 0; group--) {
    const size = weights[group]!;
    const rate = 1 - hits[group]! / size;
    area += stretch(answered, errors, size, rate);
    answered += size;
    errors += size * rate;
  }
  return area / count;
}

/** The area where all hits come first. */
function bestArea(correct: number, count: number): number {
  return stretch(correct, 0, count - correct, 1) / count;
}

/** Σ_{j = 1 … size} (errors + j·rate)/(answered + j), also between whole numbers. */
function stretch(answered: number, errors: number, size: number, rate: number): number {
  return rate * size + (errors - rate * answered) * harmonicDifference(answered, size);
}
