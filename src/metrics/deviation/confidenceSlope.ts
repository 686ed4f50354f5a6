import type { Backend } from '../../backend.ts';
import { kindError, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics, numberOf, scalarStatistics, scalarsOf } from '../../metricState.ts';
import { logOdds } from '../../ops/logOdds.ts';
import { mergePairMoments, momentNames, type PairMoments, pairMomentsOn } from '../../ops/pairMoments.ts';
import { missing, noDistributionFault } from '../../ops/scoreFaults.ts';
import { type OptionReader, readOptions, within } from '../../options.ts';
import { type RowMetricOptions, type Rows, rowMask, rowMetric } from '../../rowMetric.ts';
import { areEqual, type ConfidenceLine, confidenceLine } from './confidenceLine.ts';

/** Options of `confidenceSlope`. */
export interface ConfidenceSlopeOptions extends RowMetricOptions {
  /** Only rows whose teacher's value φ lies in [lowest, highest] count. Default: all rows. */
  readonly range?: readonly [lowest: number, highest: number];
  /** The probability that the interval holds. Default 0.95. */
  readonly level?: number;
}

/** What `confidenceSlope` returns. */
export interface ConfidenceSlopeResult extends ConfidenceLine {
  /** The smallest and the largest of the teacher's values that count; null where no row does. */
  readonly teacherRange: readonly [lowest: number, highest: number] | null;
}

type Input = 'teacherLogits' | 'studentLogits';
type Statistic = keyof PairMoments | 'lowest' | 'highest' | 'infinite';

/** The reader of a range, whose ends may be infinite or equal. */
const rangeOfNumbers: OptionReader<readonly [number, number]> = (where, name, given) => {
  if (given === undefined) return [-Infinity, Infinity];
  if (!Array.isArray(given) || given.length !== 2) throw kindError(where, name, '[lowest, highest]', given);
  const [lowest, highest] = given as [number, number];
  if (!(lowest <= highest)) throw rangeError(where, name, '[lowest, highest] in this order', given);
  return [lowest, highest];
};

/**
 * The slope of the student's confidence on the teacher's, over a stream: a student with slope above 1 exaggerates the
 * confidence of its teacher. The confidence value of a row is the log-odds of the teacher's top class,
 *
 *     φ(u) = log(u/(1 − u)) = z_k − log Σ_{j ≠ k} exp(z_j),     k = argmax of the teacher's logits
 *
 * computed from logits, so that it does not saturate; x is the teacher's φ, y the student's φ of the same class.
 *
 * Inputs: `teacherLogits` and `studentLogits` [..., classes] with at least 2 classes; optional `rowWeights` and `labels` with
 * `ignoreIndex`, by which rows do not count, or count more: a row of weight 2 as two rows. Streams and merges: the state is
 * a count, two means and three centred sums. A percentile needs all samples: `confidenceDeviation` has it, and `range` here
 * takes a threshold that is known before. Rows with an infinite value are counted apart.
 *
 * @throws RangeError for NaN in the logits, or a row that is no distribution.
 * @example
 * const { value, interval } = measure(confidenceSlope(), { teacherLogits, studentLogits });
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), section 3
 */
// @__NO_SIDE_EFFECTS__
export function confidenceSlope(
  options: ConfidenceSlopeOptions = {},
): Metric<Input, Statistic, ConfidenceSlopeResult, 'labels' | 'rowWeights'> {
  const read = readOptions('confidenceSlope', options, {
    range: rangeOfNumbers,
    level: within(0, 1 - 1e-9, 0.95),
    ...rowMask(),
  });
  const { range, level } = read;
  return rowMetric<Input, Statistic, ConfidenceSlopeResult>({
    name: 'confidenceSlope',
    reference: confidenceSlope,
    options: read,
    inputs: { teacherLogits: 'scores', studentLogits: 'scores' },

    statistics<T>(backend: Backend<T>, { teacherLogits, studentLogits }: Record<Input, T>, rows: Rows<T>) {
      const topClass = backend.argMax(teacherLogits);
      const teacher = logOdds(backend, teacherLogits, topClass);
      const student = logOdds(backend, studentLogits, topClass);
      const [zero, one, infinity] = [backend.scalar(0), backend.scalar(1), backend.scalar(Infinity)];
      const finite = backend.multiply(
        backend.greater(infinity, backend.abs(teacher)),
        backend.greater(infinity, backend.abs(student)),
      );
      const outside = backend.maximum(
        backend.greater(backend.scalar(range[0]), teacher),
        backend.greater(teacher, backend.scalar(range[1])),
      );
      const counts = backend.where(outside, zero, finite);
      const weights = rows.weights === undefined ? counts : backend.multiply(counts, rows.weights);
      const none = backend.scalar(-Infinity);
      const [x, y] = [backend.where(counts, teacher, zero), backend.where(counts, student, zero)];
      const ofRows = (values: T): T => backend.where(weights, values, none);
      return {
        ...pairMomentsOn(backend, x, y, weights),
        lowest: backend.subtract(zero, backend.max(ofRows(backend.subtract(zero, teacher)))),
        highest: backend.max(ofRows(teacher)),
        infinite: rows.sum(backend.subtract(one, finite)),
        noDistribution: backend.add(missing(backend, teacher), missing(backend, student)),
      };
    },

    faults: { noDistribution: noDistributionFault },

    state: {
      count: countOf(),
      meanX: numberOf(),
      meanY: numberOf(),
      xx: countOf(),
      xy: numberOf(),
      yy: countOf(),
      factorX: countOf(),
      factorY: countOf(),
      lowest: numberOf(),
      highest: numberOf(),
      infinite: countOf(),
    },

    merge(first, second) {
      const scalars: Record<Statistic, number> = {
        ...mergePairMoments(momentsOf(first), momentsOf(second)),
        lowest: Math.min(first.lowest.data[0]!, second.lowest.data[0]!),
        highest: Math.max(first.highest.data[0]!, second.highest.data[0]!),
        infinite: first.infinite.data[0]! + second.infinite.data[0]!,
      };
      return scalarStatistics(scalars);
    },

    finish(statistics) {
      const [lowest, highest] = [statistics.lowest.data[0]!, statistics.highest.data[0]!];
      const moments = momentsOf(statistics);
      return {
        ...confidenceLine(moments, {
          constant: areEqual(lowest, highest),
          infinite: statistics.infinite.data[0]!,
          level,
        }),
        teacherRange: moments.count > 0 ? [lowest, highest] : null,
      };
    },
  });
}

function momentsOf(statistics: HostStatistics<keyof PairMoments>): PairMoments {
  return scalarsOf(statistics, momentNames);
}
