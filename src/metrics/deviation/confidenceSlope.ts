import type { Backend } from '../../backend.ts';
import { checkOptions, checkWithin, kindError, rangeError, shapeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import type { HostStatistics } from '../../metricState.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { mergePairMoments, type PairMoments } from '../../ops/lineFit.ts';
import { logOdds } from '../../ops/logOdds.ts';
import { missing } from '../../ops/scoreFaults.ts';
import { type ConfidenceLine, confidenceLine } from './confidenceLine.ts';

/** Options of `confidenceSlope`. */
export interface ConfidenceSlopeOptions {
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

type Statistic = 'count' | 'meanX' | 'meanY' | 'xx' | 'xy' | 'yy' | 'lowest' | 'highest' | 'infinite';

/**
 * The slope of the student's confidence on the teacher's, over a stream: a student with slope above 1 exaggerates the
 * confidence of its teacher. The confidence value of a row is the log-odds of the teacher's top class,
 *
 *     φ(u) = log(u/(1 − u)) = z_k − log Σ_{j ≠ k} exp(z_j),     k = argmax of the teacher's logits
 *
 * computed from logits, so that it does not saturate; x is the teacher's φ, y the student's φ of the same class.
 *
 * Inputs: `teacherLogits` and `studentLogits` [..., classes] with at least 2 classes. Streams and merges: the state is a
 * count, two means and three centred sums. A percentile needs all samples: `confidenceDeviation` has it, and `range` here
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
): Metric<'teacherLogits' | 'studentLogits', Statistic, ConfidenceSlopeResult> {
  checkOptions('confidenceSlope', options, ['range', 'level']);
  const { range = [-Infinity, Infinity], level = 0.95 } = options;
  checkWithin('confidenceSlope', 'level', level, 0, 1 - 1e-9);
  if (!Array.isArray(range) || range.length !== 2) {
    throw kindError('confidenceSlope', 'range', '[lowest, highest]', range);
  }
  if (!(range[0] <= range[1])) throw rangeError('confidenceSlope', 'range', '[lowest, highest] in this order', range);
  return {
    name: 'confidenceSlope',
    reference: confidenceSlope,
    options: { range, level },
    inputs: ['teacherLogits', 'studentLogits'],
    optionalInputs: [],

    check(backend, batch) {
      checkLogitPair(backend, 'confidenceSlope', batch);
      const shape = backend.shapeOf(batch.studentLogits);
      if (shape.at(-1)! < 2) throw shapeError('confidenceSlope', 'logits', 'of at least 2 classes', shape);
    },

    statistics<T>(backend: Backend<T>, { teacherLogits, studentLogits }: Record<'teacherLogits' | 'studentLogits', T>) {
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
      const count = backend.sum(counts);
      const divisor = backend.maximum(count, one);
      const centred = (values: T): { mean: T; difference: T } => {
        const mean = backend.divide(backend.sum(backend.where(counts, values, zero)), divisor);
        return { mean, difference: backend.where(counts, backend.subtract(values, mean), zero) };
      };
      const [x, y] = [centred(teacher), centred(student)];
      const none = backend.scalar(-Infinity);
      const negated = backend.subtract(zero, teacher);
      return {
        count,
        meanX: x.mean,
        meanY: y.mean,
        xx: backend.sum(backend.multiply(x.difference, x.difference)),
        xy: backend.sum(backend.multiply(x.difference, y.difference)),
        yy: backend.sum(backend.multiply(y.difference, y.difference)),
        lowest: backend.subtract(zero, backend.max(backend.where(counts, negated, none))),
        highest: backend.max(backend.where(counts, teacher, none)),
        infinite: backend.sum(backend.subtract(one, finite)),
        invalid: backend.add(missing(backend, teacher), missing(backend, student)),
      };
    },

    faults: {
      invalid: { argument: 'logits', expected: 'free of NaN and of rows that are −Infinity', counted: 'NaN' },
    },

    merge(first, second) {
      const scalars: Record<Statistic, number> = {
        ...mergePairMoments(momentsOf(first), momentsOf(second)),
        lowest: Math.min(first.lowest.data[0]!, second.lowest.data[0]!),
        highest: Math.max(first.highest.data[0]!, second.highest.data[0]!),
        infinite: first.infinite.data[0]! + second.infinite.data[0]!,
      };
      return Object.fromEntries(
        Object.entries(scalars).map(([name, value]) => [name, { data: Float64Array.of(value), shape: [] }]),
      ) as unknown as HostStatistics<Statistic>;
    },

    finish(statistics) {
      const [lowest, highest] = [statistics.lowest.data[0]!, statistics.highest.data[0]!];
      const moments = momentsOf(statistics);
      return {
        ...confidenceLine(moments, { constant: lowest === highest, infinite: statistics.infinite.data[0]!, level }),
        teacherRange: moments.count > 0 ? [lowest, highest] : null,
      };
    },
  };
}

function momentsOf(statistics: HostStatistics<Statistic>): PairMoments {
  const [count, meanX, meanY, xx, xy, yy] = (['count', 'meanX', 'meanY', 'xx', 'xy', 'yy'] as const).map(
    (name) => statistics[name].data[0]!,
  ) as [number, number, number, number, number, number];
  return { count, meanX, meanY, xx, xy, yy };
}
