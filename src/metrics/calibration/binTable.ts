/** Bins of confidence and what is computed from them: shared by every binned calibration error. */
import { rangeError } from '../../check.ts';
import { list, whole, within } from '../../options.ts';

/** Which edge belongs to a bin: `'right'` is (lower, upper], `'left'` is [lower, upper). 0 and 1 always fall in a bin. */
export type BinEdges = 'right' | 'left';

/** How the gaps of the bins become one number. */
export type CalibrationNorm = 'l1' | 'l2' | 'max';

/** One bin of a reliability diagram. */
export interface CalibrationBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Mean confidence; null in an empty bin. */
  readonly confidence: number | null;
  /** Share of hits; null in an empty bin. */
  readonly accuracy: number | null;
  /** Mean confidence − accuracy: above 0 is overconfident; null in an empty bin. */
  readonly gap: number | null;
}

/** Every scalar that a table of bins gives, each in [0, 1]. */
export interface CalibrationErrors {
  /** ECE: Σ_b n_b/N·|gap_b|. */
  readonly expected: number;
  /** √(Σ_b n_b/N·gap_b²). */
  readonly rootMeanSquare: number;
  /** The same without the bias of few samples: gap² less a(1 − a)/(n_b − 1), single-point bins 0, clamped at 0. */
  readonly debiased: number;
  /** MCE: the largest |gap| of a bin that is not empty. */
  readonly maximum: number;
  /** ACE: the mean |gap| of the bins that are not empty. */
  readonly average: number;
}

/** k/n for k = 0 … n: the correctly rounded quotient, which rounds to float32 as k/n itself does. */
export function equalWidthBoundaries(bins: number): readonly number[] {
  return Array.from({ length: bins + 1 }, (_, index) => index / bins);
}

/** More bins than a million take time and memory and say nothing. */
export const mostBins: number = 2 ** 20;

/** Reads the options `bins` and `boundaries`, of which one may be given. */
export function readBoundaries(where: string, bins: unknown, boundaries: unknown): readonly number[] {
  if (boundaries === undefined) return equalWidthBoundaries(whole(1, 15, mostBins)(where, 'bins', bins));
  if (bins !== undefined) throw rangeError(where, 'bins', 'left out where boundaries are given', bins);
  const numbers = list(within(0, 1), { least: 2 })(where, 'boundaries', boundaries);
  const rising = numbers.every((value, index) => index === 0 || value > numbers[index - 1]!);
  if (!rising || numbers[0] !== 0 || numbers.at(-1) !== 1 || numbers.length > mostBins) {
    throw rangeError(where, 'boundaries', `at most ${mostBins} rising numbers from 0 to 1`, boundaries);
  }
  return numbers;
}

/** The table of bins from the three sums of each. */
export function tabulate(
  boundaries: readonly number[],
  counts: ArrayLike<number>,
  confidences: ArrayLike<number>,
  hits: ArrayLike<number>,
  offset = 0,
): CalibrationBin[] {
  return boundaries.slice(0, -1).map((lower, index) => {
    const count = counts[offset + index]!;
    const empty = count === 0;
    const confidence = empty ? null : confidences[offset + index]! / count;
    const accuracy = empty ? null : hits[offset + index]! / count;
    const gap = empty ? null : confidence! - accuracy!;
    return { lower, upper: boundaries[index + 1]!, count, confidence, accuracy, gap };
  });
}

/** All scalars of a table; all 0 for a table of empty bins. */
export function calibrationErrors(bins: readonly CalibrationBin[]): CalibrationErrors {
  const filled = bins.filter(({ count }) => count > 0);
  const total = filled.reduce((sum, { count }) => sum + count, 0);
  let expected = 0;
  let square = 0;
  let debiasedSquare = 0;
  let maximum = 0;
  let gapSum = 0;
  for (const { count, accuracy, gap } of filled) {
    const weight = count / total;
    const size = Math.abs(gap!);
    expected += weight * size;
    square += weight * size * size;
    if (count > 1) debiasedSquare += weight * (size * size - (accuracy! * (1 - accuracy!)) / (count - 1));
    maximum = Math.max(maximum, size);
    gapSum += size;
  }
  return {
    expected,
    rootMeanSquare: Math.sqrt(square),
    debiased: Math.sqrt(Math.max(0, debiasedSquare)),
    maximum,
    average: filled.length === 0 ? 0 : gapSum / filled.length,
  };
}

/** Errors over several tables: the mean of each scalar, and the largest maximum. */
export function averageErrors(errors: readonly CalibrationErrors[]): CalibrationErrors {
  const mean = (name: keyof CalibrationErrors) => errors.reduce((sum, one) => sum + one[name], 0) / errors.length;
  return {
    expected: mean('expected'),
    rootMeanSquare: mean('rootMeanSquare'),
    debiased: mean('debiased'),
    maximum: errors.reduce((largest, one) => Math.max(largest, one.maximum), 0),
    average: mean('average'),
  };
}

/** Requires the norm whose bias is known, where it is to be taken off. */
export function checkDebiased(where: string, norm: CalibrationNorm, debiased: boolean): void {
  if (debiased && norm !== 'l2') throw rangeError(where, 'norm', "'l2' where debiased is set", norm);
}

/** The scalar that the options ask for. */
export function chooseError(errors: CalibrationErrors, norm: CalibrationNorm, debiased: boolean): number {
  if (norm === 'l1') return errors.expected;
  if (norm === 'max') return errors.maximum;
  return debiased ? errors.debiased : errors.rootMeanSquare;
}

/** A sentence where samples are too few for the number of bins, else null. */
export function sparsityWarning(count: number, bins: number): string | null {
  if (count >= 10 * bins) return null;
  return (
    `${Number(count.toPrecision(12))} samples in ${bins} bins: with fewer than 10 samples a bin the error is biased upwards, ` +
    'and with far more bins than samples it is the mean |confidence − correct|. Use fewer bins, or debiased l2.'
  );
}
