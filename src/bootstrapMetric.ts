/** Intervals of metrics by the bootstrap, and differences of two models: no row is computed twice where its metric allows it. */
import {
  type BootstrapMetricOptions,
  differenceOf,
  intervalFrom,
  type MetricResampling,
  numberOf,
  readResampling,
  withPValue,
} from './bootstrapOptions.ts';
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
import { doubleBackend } from './hostBackend.ts';
import { hostStatistics } from './hostMetric.ts';
import { hostInputs, placeOn } from './inputs.ts';
import { type AnyMetric, type BatchOf, checkIsMetric, type ResultOf, widen } from './metric.ts';
import { inputsOfMember, membersOf } from './metricMembers.ts';
import type { BootstrapDifference, BootstrapInterval } from './metrics/scores/bootstrap.ts';
import { groupsLeftOut } from './metrics/scores/bootstrapBounds.ts';
import type { TensorLike } from './tensor.ts';

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
  const resampling = readResampling(where, options);
  const { value, parts, number } = resampledMetric(where, metric, batch, resampling);
  return intervalOf(value, number, resampledTimes(where, parts, resampling), resampling);
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
  const resampling = readResampling(where, options);
  const one = resampledMetric(where, metric, first, resampling);
  const two = resampledMetric(where, metric, second, resampling);
  const times = resampledTimes(where, [...one.parts, ...two.parts], resampling);
  const difference = (counts: Float64Array) => differenceOf(where, one.number(counts), two.number(counts));
  return withPValue(intervalOf(differenceOf(where, one.value, two.value), difference, times, resampling), resampling);
}

/** The number of each resample, and where the bounds ask for it without each row, or cluster, in turn. */
function intervalOf(
  value: number,
  number: (counts: Float64Array) => number,
  times: ResampledTimes,
  resampling: MetricResampling,
): BootstrapInterval {
  const resamples = Float64Array.from({ length: resampling.resamples }, (_, resample) => number(times.of(resample)));
  const groups = groupsLeftOut(resampling, times.units);
  const without = Float64Array.from({ length: groups }, (_, group) => number(times.without(group, groups)));
  return intervalFrom(value, resamples, resampling, without);
}

interface ResampledMetric {
  readonly parts: readonly MemberRows[];
  /** Of the rows as they are. */
  readonly value: number;
  /** With each row counted so many times. */
  number(times: Float64Array): number;
}

function resampledMetric(
  where: string,
  metric: AnyMetric,
  batch: Readonly<Record<string, TensorLike>>,
  { of }: MetricResampling,
): ResampledMetric {
  checkIsMetric(where, metric);
  const inputs = hostInputs(metric, batch);
  // Faults are refused here, before anything is kept.
  const value = numberOf(where, metric, of, hostStatistics(metric, inputs));
  const backend = doubleBackend();
  const parts = membersOf(metric).map((member) => {
    const kept = backend.scope(() => {
      const rows = rowsToKeep(backend, member, placeOn(backend, inputs));
      return rows && Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, widen(values)]));
    });
    return memberRows(where, member, kept, inputs, (host) => host);
  });
  const again = (part: MemberRows, times: Float64Array) =>
    hostStatistics(part.member.metric, {
      ...inputsOfMember(part.member, inputs),
      rowWeights: weightsTimes(part, times),
    });
  return {
    parts,
    value,
    number(times) {
      const statistics = parts.map((part) => statisticsOfRows(part, times) ?? again(part, times));
      return numberOf(where, metric, of, joinedStatistics(parts, statistics));
    },
  };
}
