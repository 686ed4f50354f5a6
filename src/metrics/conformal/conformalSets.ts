import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Fault, Metric } from '../../metric.ts';
import type { HostStatistics, StatisticForm } from '../../metricState.ts';
import { checkLabels } from '../../ops/checkRows.ts';
import { atLeast, between, flag, type OptionReader, readOptions, whole, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import { type SideInput, sideInput } from '../predictionSource.ts';
import { type ConformalResult, conformalResult } from './conformalResult.ts';
import { calibrationRows, type ScoreSource, testedRows } from './conformalRows.ts';
import { type ConformalScore, conformalScores } from './rankedScores.ts';

/** Options of `conformalSets`. */
export interface ConformalSetsOptions<From extends ScoreSource = ScoreSource> extends RowMetricOptions {
  /** α, in (0, 1): sets are to miss the label in at most this share of rows. Default 0.1. */
  readonly miscoverage?: number;
  /**
   * The score whose sets the result is about. `'leastAmbiguous'` (LAC, default): 1 − p, the smallest sets; `'adaptive'` (APS):
   * the sum of probabilities down to the class, sets that grow with how hard a row is; `'regularizedAdaptive'` (RAPS): the same
   * with a penalty on late ranks, which keeps sets of many classes small. The others are reported beside it.
   */
  readonly score?: ConformalScore;
  /** λ of the regularised score, at least 0: what each rank beyond `freeRanks` adds to it. Default 0.01. */
  readonly penalty?: number;
  /** Ranks without a penalty. Default 5. */
  readonly freeRanks?: number;
  /**
   * Takes a random share of the class's own probability off the adaptive scores: coverage is then exact rather than too
   * large, and sets may be empty. Draws go by the row's number in its batch. Default false.
   */
  readonly randomized?: boolean;
  /** Same seed, same draws. Default 0. */
  readonly seed?: number;
  /** What the inputs hold, by whose name they go: `'logits'` (default) or `'probabilities'`. */
  readonly from?: From;
}

/** What `conformalSets` returns: the chosen score's sets, and those of each score under its name. */
export interface ConformalSetsResult extends ConformalResult, Readonly<Record<ConformalScore, ConformalResult>> {
  /** The coverage: the share of rows whose set holds the label. */
  readonly value: number;
  readonly score: ConformalScore;
  /** Rows that count, and calibration rows: sums of their weights, where there are any. */
  readonly count: number;
  readonly calibrationCount: number;
}

/** Inputs of `conformalSets`. */
export type ConformalInput<From extends ScoreSource> =
  | From
  | SideInput<'calibration', From>
  | 'labels'
  | 'calibrationLabels';

/**
 * Conformal prediction sets: the classes that cannot be ruled out at a stated rate of error, whatever the model. A teacher and
 * its student at the same rate are compared by how large their sets must be.
 *
 * Calibration rows with known labels have scores a_i of their label; with q̂ the ⌈(n + 1)(1 − α)⌉-th smallest of them, a
 * row's set holds each class whose score is at most q̂, and misses the label with probability α at most, on average over rows
 * and calibration sets that are exchangeable. q̂ is Infinity, and sets hold all classes, where calibration rows are too few.
 *
 *     LAC 1 − p_y        APS Σ_{p_k ≥ p_y} p_k        RAPS APS + λ·max(0, rank_y − k)
 *
 * Inputs: `calibrationLogits` and `logits` (or by `from` `…Probabilities`) [..., classes], of any number of rows each, with
 * `calibrationLabels` and `labels` [...]; optional `calibrationRowWeights` and `rowWeights` [...]. `ignoreIndex` masks rows of
 * both. Of equal probabilities the first class ranks highest. Streams and merges exactly over the rows that are tested; each
 * batch brings the same calibration rows.
 *
 * @throws RangeError for NaN, a label or option out of range, no row that counts, or merged states of different thresholds.
 * @example
 * const { coverage, meanSize, adaptive } = measure(conformalSets({ miscoverage: 0.1 }), {
 *   calibrationLogits, calibrationLabels, logits, labels,
 * });
 * @see Sadinle, Lei, Wasserman: Least ambiguous set-valued classifiers with bounded error levels (2019), arXiv 1609.00451;
 * Romano, Sesia, Candès (2020), arXiv 2006.02544, for APS; Angelopoulos et al. (2021), arXiv 2009.14193, for RAPS
 */
// @__NO_SIDE_EFFECTS__
export function conformalSets<From extends ScoreSource = 'logits'>(
  options: ConformalSetsOptions<From> = {},
): Metric<ConformalInput<From>, string, ConformalSetsResult, 'rowWeights' | 'calibrationRowWeights'> {
  const checked = readOptions('conformalSets', options, {
    miscoverage: between(0, 1, 0.1),
    score: word(conformalScores, 'leastAmbiguous'),
    penalty: atLeast(0, 0.01),
    freeRanks: whole(0, 5),
    randomized: flag(false),
    seed: whole(0, 0),
    from: word<ScoreSource>(['logits', 'probabilities'], 'logits') as OptionReader<From>,
    ...rowMask(),
  });
  const { from, score } = checked;
  const tested = testedRows(checked);
  const calibration = calibrationRows(checked);
  const names = [sideInput('calibration', from), 'calibrationLabels', 'calibrationRowWeights'] as const;
  type Given<T> = Readonly<Record<string, T | undefined>>;
  /** The calibration rows' inputs under the names that tested rows have. */
  const held = <T>(batch: Given<T>): Inputs<string, string, T> => {
    const [scores, labels, rowWeights] = names.map((name) => batch[name]);
    return { [from]: scores!, labels: labels!, ...(rowWeights !== undefined && { rowWeights }) };
  };

  const metric: Metric<string, string, ConformalSetsResult, string> = {
    name: 'conformalSets',
    reference: conformalSets,
    options: checked,
    inputs: [from, 'labels', names[0], names[1]],
    optionalInputs: ['rowWeights', names[2]],

    check<T>(backend: Backend<T>, batch: Given<T>) {
      // By their own names: the frame of rows calls both sides' labels the same.
      const [scores, labels, rowWeights] = names.map((name) => batch[name]);
      const shape = backend.shapeOf(scores!);
      checkLabels(backend, 'conformalSets', names[1], labels!, shape.slice(0, -1), shape.at(-1) ?? 0, {
        labels,
        rowWeights,
        ignoreIndex: checked.ignoreIndex,
      });
      calibration.check(backend, held(batch));
      tested.check(backend, batch as Inputs<string, string, T>);
      const [own, other] = [from, names[0]].map((name) => backend.shapeOf(batch[name]!).at(-1));
      if (own !== other) throw rangeError('conformalSets', names[0], `of ${own} classes, as ${from}`, other);
    },

    statistics<T>(backend: Backend<T>, batch: Given<T>) {
      const thresholds = calibration.statistics(backend, held(batch)) as Readonly<Record<string, T>>;
      const found = testedRows(checked, thresholds).statistics(backend, batch as Inputs<string, string, T>);
      return { ...(found as Record<string, T>), ...calibrationFaultsOf(thresholds), ...quantilesOf(thresholds) };
    },

    inspect<T>(backend: Backend<T>, batch: Given<T>) {
      return {
        ...tested.inspect?.(backend, batch as Inputs<string, string, T>),
        ...prefixed(calibration.inspect?.(backend, held(batch)) ?? {}),
      };
    },

    faults: { ...tested.faults, ...calibrationFaults(calibration.faults ?? {}, names[0]) },
    state: {
      ...(tested.state as Record<string, StatisticForm>),
      ...(calibration.state as Record<string, StatisticForm>),
    },
    merge: mergeTested,

    finish(statistics) {
      const results = conformalScores.map((name) => conformalResult(statistics, name));
      const all = Object.fromEntries(conformalScores.map((name, at) => [name, results[at]!]));
      const chosen = results[conformalScores.indexOf(score)]!;
      const count = requireRows(
        'conformalSets',
        statistics.count!.data.reduce((sum, rows) => sum + rows, 0),
      );
      return {
        value: chosen.coverage,
        score,
        ...chosen,
        ...(all as Record<ConformalScore, ConformalResult>),
        count,
        calibrationCount: statistics.calibrationCount!.data[0]!,
      };
    },
  };
  return metric as never;
}

const isThreshold = (name: string): boolean => name.endsWith(' quantile') || name === 'calibrationCount';

function quantilesOf<T>(statistics: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(statistics).filter(([name]) => isThreshold(name)));
}

function calibrationFaultsOf<T>(statistics: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return prefixed(Object.fromEntries(Object.entries(statistics).filter(([name]) => !isThreshold(name))));
}

function prefixed<Value>(values: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`calibration ${name}`, value]));
}

function calibrationFaults(faults: Readonly<Record<string, Fault>>, scores: string): Readonly<Record<string, Fault>> {
  const outer: Readonly<Record<string, string>> = { labels: 'calibrationLabels', rowWeights: 'calibrationRowWeights' };
  return Object.fromEntries(
    Object.entries(prefixed(faults)).map(([name, fault]) => [
      name,
      { ...fault, argument: outer[fault.argument] ?? scores },
    ]),
  );
}

/** Sums of the rows tested; thresholds are the same on both sides but for a device's rounding. */
function mergeTested(first: HostStatistics<string>, second: HostStatistics<string>): HostStatistics<string> {
  const merged = Object.entries(first).map(([name, { data, shape }]) => {
    const other = second[name]!.data;
    if (!isThreshold(name)) return [name, { data: data.map((value, at) => value + other[at]!), shape }] as const;
    const [here, there] = [data[0]!, other[0]!];
    const isNear = Number.isFinite(here) && Math.abs(here - there) <= 1e-5 * Math.abs(here);
    if (here !== there && !isNear) {
      throw rangeError(
        'conformalSets',
        'calibration rows',
        'the same in every batch',
        [here, there],
        'A threshold differs.',
      );
    }
    return [name, { data, shape }] as const;
  });
  return Object.fromEntries(merged);
}
