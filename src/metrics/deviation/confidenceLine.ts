import { fitLine } from '../../ops/lineFit.ts';
import { isConstantButForRounding, type PairMoments } from '../../ops/pairMoments.ts';

/** The least-squares line of the student's confidence values on the teacher's. */
export interface ConfidenceLine {
  /** The slope; above 1 the student exaggerates the teacher's confidence. Null unless `status` is `'defined'`. */
  readonly value: number | null;
  /**
   * `'constantTeacher'`: all of the teacher's values are equal, to rounding, so there is no slope. `'tooFewRows'`: they are, and
   * no more than one row (or weights below 2) has finite values.
   */
  readonly status: 'defined' | 'constantTeacher' | 'tooFewRows';
  readonly intercept: number | null;
  /** The slope's confidence interval by Student's t; null with two rows, which leave no degree of freedom. */
  readonly interval: { readonly low: number; readonly high: number; readonly level: number } | null;
  readonly standardError: number | null;
  /** Pearson's correlation; null also where the student's values are constant. */
  readonly correlation: number | null;
  /** Rows that the line is fitted to. */
  readonly count: number;
  /** Rows left out because a value is infinite: a model gives the class all or none of the probability. */
  readonly infinite: number;
}

/** The line of a set of rows, or why there is none. */
export function confidenceLine(
  moments: PairMoments,
  { constant, infinite, level }: { readonly constant: boolean; readonly infinite: number; readonly level: number },
): ConfidenceLine {
  const { count } = moments;
  if (constant || isConstantButForRounding(count, moments.meanX, moments.xx)) {
    return {
      value: null,
      status: count < 2 ? 'tooFewRows' : 'constantTeacher',
      intercept: null,
      interval: null,
      standardError: null,
      correlation: null,
      count,
      infinite,
    };
  }
  const { slope, ...line } = fitLine(moments, level);
  return { value: slope, status: 'defined', ...line, count, infinite };
}

/**
 * Whether values between these are all equal, to the rounding of what they were computed in: float32, where both ends are
 * numbers of it.
 */
export function areEqual(lowest: number, highest: number): boolean {
  const single = Math.fround(lowest) === lowest && Math.fround(highest) === highest;
  return highest - lowest <= (single ? 2 ** -21 : 2 ** -49) * Math.max(Math.abs(lowest), Math.abs(highest));
}
