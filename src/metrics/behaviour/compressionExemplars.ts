import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkSameShape, shapeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics, numberOf } from '../../metricState.ts';
import { checkRowWeights } from '../../ops/checkRows.ts';
import { scoreFault, scoreFaults } from '../../ops/scoreFaults.ts';
import { optional, readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import { holmAdjusted } from '../inference/holm.ts';
import { welch } from '../inference/welch.ts';
import type { PredictionSource } from '../predictionSource.ts';
import { type BeforeAfterInput, type BeforeAfterOptions, beforeAfterNames, beforeAfterSource } from './beforeAfter.ts';
import { addRuns, countRuns, type RunCounts, type RunStatistic } from './runCounts.ts';

/** Options of `compressionExemplars`. */
export interface CompressionExemplarsOptions<From extends PredictionSource = PredictionSource>
  extends BeforeAfterOptions<From>,
    RowMetricOptions {
  /** The number of classes; left out, the largest label says how many there are. */
  readonly classes?: number;
}

/** An example on whose answer the runs before and after differ. */
export interface CompressionExemplar {
  /** Its number, counted from the first row of the stream. */
  readonly index: number;
  /** The answer of most runs before. */
  readonly before: number;
  /** The answer of most runs after. */
  readonly after: number;
  readonly label: number;
}

/** What `compressionExemplars` returns. */
export interface CompressionExemplarsResult {
  /** The share of rows that are exemplars, in [0, 1]. */
  readonly value: number;
  /** The numbers of the exemplars, rising, counted from the first row of the stream. */
  readonly exemplars: readonly number[];
  /** The same with what the runs answered. */
  readonly answers: readonly CompressionExemplar[];
  /**
   * By class, the mean over runs of its recall less the run's accuracy, after minus before: below 0 for a class that lost
   * more than the model did. Null for a class without labels.
   */
  readonly classShift: readonly (number | null)[];
  /** Welch's t of the same; null where a side has a single run. */
  readonly welchT: readonly (number | null)[];
  /** Its two-sided p-value. */
  readonly pValue: readonly (number | null)[];
  /** The same adjusted for the number of classes, by Holm. */
  readonly adjustedPValue: readonly (number | null)[];
  /** Labels of each class. */
  readonly support: readonly number[];
  /** The accuracy of each run before. */
  readonly accuracyBefore: readonly number[];
  readonly accuracyAfter: readonly number[];
  readonly count: number;
}

/**
 * Which examples and which classes compression changes, told apart from what two trainings of the same model change: several
 * runs before, several after.
 *
 * An exemplar is a row whose modal answer (that of most runs; of equally many the lowest class) differs between before and
 * after. The shift of a class is that of its recall beside the accuracy, tested by Welch's t over the runs.
 *
 * Inputs: `before` and `after` [runs, rows], class numbers, with as many runs as there are on each side, or by `from`
 * `beforeLogits` and `afterLogits` (or `beforeProbabilities` …) [runs, rows, classes]; `labels` [rows]; optional
 * `rowWeights` [rows]. Streams and merges over rows: batches of the same runs. The list needs one run a side, the test two.
 *
 * The state holds a count a run and class, and the exemplars: it grows with their number, and with nothing else.
 *
 * @throws RangeError for labels or predictions that are no class, NaN, or no row that counts; TypeError for shapes that do not
 * fit.
 * @example
 * const { exemplars, classShift } = measure(compressionExemplars(), {
 *   before: [[0, 1, 1], [0, 1, 0]], after: [[0, 1, 0], [1, 1, 0]], labels: [0, 1, 1],
 * });
 * @see Hooker et al.: What do compressed deep neural networks forget? (2019), arXiv 1911.05248
 */
// @__NO_SIDE_EFFECTS__
export function compressionExemplars<From extends PredictionSource = 'predictions'>(
  options: CompressionExemplarsOptions<From> = {},
): Metric<BeforeAfterInput<From> | 'labels', string, CompressionExemplarsResult, 'rowWeights'> {
  const where = 'compressionExemplars';
  const { classes, from, ignoreIndex } = readOptions(where, options, {
    classes: optional(whole(1)),
    from: beforeAfterSource<From>(),
    ...rowMask(),
  });
  const [before, after] = beforeAfterNames(from);
  type Input = 'labels' | string;

  const metric: Metric<string, string, CompressionExemplarsResult, 'rowWeights'> = {
    name: where,
    reference: compressionExemplars,
    options: { classes, from, ignoreIndex },
    inputs: [before, after, 'labels'],
    optionalInputs: ['rowWeights'],

    check<T>(backend: Backend<T>, batch: Inputs<Input, 'rowWeights', T>) {
      const rows = backend.shapeOf(batch.labels!);
      if (rows.length !== 1) throw shapeError(where, 'labels', 'of shape [rows]', rows);
      checkNotEmpty(where, 'labels', rows);
      const form = from === 'predictions' ? '[runs, rows]' : '[runs, rows, classes]';
      for (const side of [before, after]) {
        const shape = backend.shapeOf(batch[side]!);
        if (shape.length !== (from === 'predictions' ? 2 : 3)) throw shapeError(where, side, `of shape ${form}`, shape);
        checkNotEmpty(where, side, shape);
        checkSameShape(where, `rows of ${side}`, shape.slice(1, 2), 'labels', rows);
      }
      checkRowWeights(backend, where, batch.rowWeights, rows);
    },

    statistics<T>(backend: Backend<T>, batch: Inputs<Input, 'rowWeights', T>) {
      const sides = [batch[before]!, batch[after]!];
      // What is returned is read and freed: so an input is returned as a tensor of its own.
      const own = (x: T): T => backend.reshape(x, backend.shapeOf(x));
      const [first, second] = sides.map((side) => (from === 'predictions' ? own(side) : backend.argMax(side)));
      return {
        before: first!,
        after: second!,
        labels: own(batch.labels!),
        ...(batch.rowWeights !== undefined && { rowWeights: own(batch.rowWeights) }),
        ...(from !== 'predictions' && scoreFaults(backend, sides)),
      };
    },
    faults: scoreFault([before, after]),

    condense: ({ before: first, after: second, labels, rowWeights }) =>
      countRuns(
        where,
        { before: first!, after: second!, labels: labels!.data, rowWeights: rowWeights?.data },
        {
          classes,
          ignoreIndex,
        },
      ),

    state: {
      // One entry for each exemplar.
      exemplarIndex: countOf([null]),
      exemplarBefore: countOf([null]),
      exemplarAfter: countOf([null]),
      exemplarLabel: countOf([null]),
      exemplars: countOf([], 'count'),
      rightBefore: numberOf(['runs before', classes ?? null]),
      rightAfter: numberOf(['runs after', classes ?? null]),
      support: countOf([classes ?? null]),
      count: countOf(),
      rows: countOf(),
    } satisfies Readonly<Record<RunStatistic, unknown>>,
    merge: (first, second) => addRuns(first as HostStatistics<RunStatistic>, second as HostStatistics<RunStatistic>),
    finish: (statistics) => resultOf(where, statistics as RunCounts),
  };
  return metric as never;
}

/** Of a difference of two shares, each the quotient of sums of weights. */
const rounding = 2 ** -48;

function resultOf(where: string, statistics: RunCounts): CompressionExemplarsResult {
  const count = requireRows(where, statistics.count.data[0]!);
  const support = statistics.support.data;
  const runsOf = ({ data, shape: [runs = 0] }: RunCounts['rightBefore']) =>
    Array.from({ length: runs }, (_, run) => {
      const right = data.subarray(run * support.length, (run + 1) * support.length);
      return { right, accuracy: right.reduce((sum, value) => sum + value, 0) / count };
    });
  const [before, after] = [runsOf(statistics.rightBefore), runsOf(statistics.rightAfter)];
  const byClass = Array.from(support, (labels, label) => {
    if (labels === 0) return { shift: null, test: null };
    const [first, second] = [before, after].map((runs) =>
      runs.map(({ right, accuracy }) => right[label]! / labels - accuracy),
    );
    return { shift: meanOf(second!) - meanOf(first!), test: welch(first!, second!, rounding) };
  });
  const pValue = byClass.map(({ test }) => test?.pValue ?? null);
  const exemplars = Array.from(statistics.exemplarIndex.data);
  return {
    value: statistics.exemplars.data[0]! / count,
    exemplars,
    answers: exemplars.map((index, at) => ({
      index,
      before: statistics.exemplarBefore.data[at]!,
      after: statistics.exemplarAfter.data[at]!,
      label: statistics.exemplarLabel.data[at]!,
    })),
    classShift: byClass.map(({ shift }) => shift),
    welchT: byClass.map(({ test }) => test?.t ?? null),
    pValue,
    adjustedPValue: holmAdjusted(pValue),
    support: Array.from(support),
    accuracyBefore: before.map(({ accuracy }) => accuracy),
    accuracyAfter: after.map(({ accuracy }) => accuracy),
    count,
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
