/** Intervals of metrics by the bootstrap, and differences of two models: no row is computed twice where its metric allows it. */
import {
  joinedStatistics,
  type MemberRows,
  memberRows,
  type ResampledTimes,
  resampledTimes,
  rowsToKeep,
  statisticsOfRows,
  weightsTimes,
} from './bootstrapRows.ts';
import { rangeError } from './check.ts';
import { doubleBackend } from './hostBackend.ts';
import { hostStatistics } from './hostMetric.ts';
import { hostInputs, placeOn } from './inputs.ts';
import {
  type AnyMetric,
  type BatchOf,
  checkIsMetric,
  inputsOfMember,
  membersOf,
  type ResultOf,
  widen,
} from './metric.ts';
import type { HostStatistics } from './metricState.ts';
import type { BootstrapDifference, BootstrapInterval } from './metrics/scores/bootstrap.ts';
import { type BootstrapBoundsOptions, boundsReaders } from './metrics/scores/bootstrapBounds.ts';
import { signPValue, spread } from './metrics/scores/resampling.ts';
import { asGiven, between, callback, optional, readOptions, whole } from './options.ts';
import type { TensorLike } from './tensor.ts';

/** Options of `bootstrapMetric` and `bootstrapMetricDifference`. */
export interface BootstrapMetricOptions<Result = unknown> extends BootstrapBoundsOptions {
  /** Which number of the result. Default its `value`. */
  readonly of?: (result: Result) => number | null;
  /** For each row the number of what it is drawn with, such as its document: rows that depend on one another. */
  readonly clusters?: TensorLike;
  /** How many resamples are drawn. Default 1000. */
  readonly resamples?: number;
  /** The share of resamples inside the interval, in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /** Same seed, same resamples. Default 0. */
  readonly seed?: number;
}

const readers = () => ({
  of: asGiven,
  clusters: asGiven,
  resamples: whole(2, 1000),
  confidence: between(0, 1, 0.95),
  seed: whole(0, 0),
  ...boundsReaders(),
});

/**
 * A bootstrap interval of a metric over rows, seeded: the batch's rows are drawn with replacement, as many as
 * there are, and the metric's number is computed for each draw.
 *
 * A forward pass is made once. Sums over rows, and what metrics of tokens and flips keep of each row, are added up again
 * for each resample; a metric that has neither is computed again with row weights, and one that takes no row weights, such as
 * a similarity, whose statistics are of pairs of rows, is refused. Same seed, same rows as `bootstrapInterval` draws. Rows
 * that do not count are not drawn. Takes a `metricSet` too; `of` then says which number.
 *
 * @param metric The metric, over rows.
 * @param batch All rows: a bootstrap of a stream needs them at once.
 * @throws RangeError for a metric without row weights, options out of range, or a number that is not defined in a resample.
 * @example
 * const { value, lower, upper } = bootstrapMetric(accuracy(), { logits, labels }, { seed: 1 });
 * const ratio = bootstrapMetric(tokenFidelity(), { teacherLogits, studentLogits, labels }, {
 *   of: ({ perplexity }) => perplexity.ratio,
 *   clusters: documents,
 * });
 * @see Efron, Tibshirani: An introduction to the bootstrap (1993), chapter 13
 */
export function bootstrapMetric<M extends AnyMetric>(
  metric: M,
  batch: BatchOf<M, TensorLike>,
  options: BootstrapMetricOptions<ResultOf<M>> = {},
): BootstrapInterval {
  const where = 'bootstrapMetric';
  const { of, clusters, resamples, seed, ...bounds } = readOptions(where, options, readers());
  const rows = resampledMetric(where, metric, batch, of);
  const times = resampledTimes(where, rows.parts, seed, clusters as TensorLike | undefined);
  const numbers = Float64Array.from({ length: resamples }, (_, resample) => rows.number(times.of(resample)));
  const { value } = rows;
  return { value, ...spread(numbers, value, bounds, () => withoutEach(times, rows.number)), resamples: numbers };
}

/**
 * A bootstrap interval of the difference first − second of two models in a metric, on the same rows: each
 * resample draws one set of rows for both, so that what is hard for both cancels.
 *
 * @param metric The metric, over rows, as for `bootstrapMetric`.
 * @param first The batch of the first model.
 * @param second The batch of the second one: the same rows in the same order.
 * @throws RangeError as `bootstrapMetric`, and for batches of different numbers of rows.
 * @example
 * const difference = bootstrapMetricDifference(
 *   accuracy(), { logits: distilledLogits, labels }, { logits: independentLogits, labels }, { seed: 1 },
 * );
 * const distilledIsBetter = difference.lower > 0;
 * @see Efron, Tibshirani: An introduction to the bootstrap (1993), chapters 13 and 16
 */
export function bootstrapMetricDifference<M extends AnyMetric>(
  metric: M,
  first: BatchOf<M, TensorLike>,
  second: BatchOf<M, TensorLike>,
  options: BootstrapMetricOptions<ResultOf<M>> = {},
): BootstrapDifference {
  const where = 'bootstrapMetricDifference';
  const { of, clusters, resamples, seed, ...bounds } = readOptions(where, options, readers());
  const [one, two] = [first, second].map((batch) => resampledMetric(where, metric, batch, of));
  const times = resampledTimes(where, [...one!.parts, ...two!.parts], seed, clusters as TensorLike | undefined);
  const difference = (counts: Float64Array) => one!.number(counts) - two!.number(counts);
  const differences = Float64Array.from({ length: resamples }, (_, resample) => difference(times.of(resample)));
  const value = one!.value - two!.value;
  return {
    value,
    ...spread(differences, value, bounds, () => withoutEach(times, difference)),
    resamples: differences,
    pValue: signPValue(differences, bounds.alternative),
  };
}

/** A number without each row, or cluster, in turn. */
function withoutEach(times: ResampledTimes, number: (counts: Float64Array) => number): Float64Array {
  // Of a single one nothing is left, and no resample differs from it.
  if (times.units === 1) return new Float64Array(1);
  return Float64Array.from({ length: times.units }, (_, unit) => number(times.without(unit)));
}

interface ResampledMetric {
  readonly parts: readonly MemberRows[];
  /** Of the rows as they are. */
  readonly value: number;
  /** With each row counted so many times. */
  number(times: Float64Array): number;
}

function resampledMetric(where: string, metric: AnyMetric, batch: unknown, of: unknown): ResampledMetric {
  checkIsMetric(where, metric);
  const choose = optional(callback<(result: unknown) => number | null>())(where, 'of', of);
  const inputs = hostInputs(metric, batch as Readonly<Record<string, TensorLike>>);
  const numberFrom = (statistics: HostStatistics<string>): number => {
    const result = metric.finish(statistics);
    const value = choose === undefined ? (result as { readonly value?: unknown }).value : choose(result);
    if (typeof value === 'number' && !Number.isNaN(value)) return value;
    const hint = value === undefined ? 'The option of says which number: of: ({ ece }) => ece.value.' : undefined;
    throw rangeError(where, `number of ${metric.name}'s result`, 'defined in every resample', value, hint);
  };
  // Faults are refused here, before anything is kept.
  const value = numberFrom(hostStatistics(metric, inputs));
  const backend = doubleBackend();
  const parts = membersOf(metric).map((member) => {
    const kept = backend.scope(() => {
      const rows = rowsToKeep(backend, member, placeOn(backend, inputs));
      return rows && Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, widen(values)]));
    });
    return memberRows(where, member, kept, inputs, (host) => host);
  });
  return {
    parts,
    value,
    number: (times) =>
      numberFrom(
        joinedStatistics(
          parts,
          parts.map((part) =>
            part.kept === undefined
              ? hostStatistics(part.member.metric, {
                  ...inputsOfMember(part.member, inputs),
                  rowWeights: weightsTimes(part, times),
                })
              : statisticsOfRows(part, times),
          ),
        ),
      ),
  };
}
