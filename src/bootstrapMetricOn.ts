/** The bootstraps of metrics on any backend: one pass on the device, then resamples on the host where the metric allows it. */
import type { Backend } from './backend.ts';
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
import { checkIsBackend } from './check.ts';
import { inputsOn } from './inputs.ts';
import {
  type AnyMetric,
  type BatchOf,
  checkIsMetric,
  type MetricMember,
  type ResultOf,
  readStatistics,
  readTensors,
  statisticsOf,
} from './metric.ts';
import { inputsOfMember, membersOf } from './metricMembers.ts';
import type { HostStatistics } from './metricState.ts';
import type { BootstrapDifference, BootstrapInterval } from './metrics/scores/bootstrap.ts';
import { groupsLeftOut } from './metrics/scores/bootstrapBounds.ts';
import { type TensorLike, toHostTensor } from './tensor.ts';

/**
 * `bootstrapMetric` on any backend: rows are computed once, in one scope, and read; resamples of sums over rows, and of what
 * metrics of tokens and flips keep of each row, are made on the host. Any other metric runs once a resample on the device.
 *
 * @param batch Tensors of the backend; host arrays among them are copied onto it.
 * @returns A promise of the interval.
 * @throws As `bootstrapMetric`.
 */
export async function bootstrapMetricOn<T, M extends AnyMetric>(
  backend: Backend<T>,
  metric: M,
  batch: BatchOf<M, NoInfer<T> | TensorLike>,
  options: BootstrapMetricOptions<ResultOf<M>> = {},
): Promise<BootstrapInterval> {
  const where = 'bootstrapMetricOn';
  checkIsBackend(where, backend);
  const resampling = readResampling(where, options);
  const { value, parts, number } = await resampledMetric(backend, where, metric, batch, resampling);
  return intervalOf(value, number, resampledTimes(where, parts, resampling), resampling);
}

/**
 * `bootstrapMetricDifference` on any backend.
 *
 * @param first The batch of the first model: tensors of the backend, or host arrays.
 * @param second The batch of the second one: the same rows in the same order.
 * @returns A promise of the difference first − second with its interval.
 * @throws As `bootstrapMetricDifference`.
 */
export async function bootstrapMetricDifferenceOn<T, M extends AnyMetric>(
  backend: Backend<T>,
  metric: M,
  first: BatchOf<M, NoInfer<T> | TensorLike>,
  second: BatchOf<M, NoInfer<T> | TensorLike>,
  options: BootstrapMetricOptions<ResultOf<M>> = {},
): Promise<BootstrapDifference> {
  const where = 'bootstrapMetricDifferenceOn';
  checkIsBackend(where, backend);
  const resampling = readResampling(where, options);
  const one = await resampledMetric(backend, where, metric, first, resampling);
  const two = await resampledMetric(backend, where, metric, second, resampling);
  const times = resampledTimes(where, [...one.parts, ...two.parts], resampling);
  const difference = async (counts: Float64Array) =>
    differenceOf(where, await one.number(counts), await two.number(counts));
  return withPValue(
    await intervalOf(differenceOf(where, one.value, two.value), difference, times, resampling),
    resampling,
  );
}

/** The number of each resample, and where the bounds ask for it without each row, or cluster, in turn. */
async function intervalOf(
  value: number,
  number: (counts: Float64Array) => Promise<number>,
  times: ResampledTimes,
  resampling: MetricResampling,
): Promise<BootstrapInterval> {
  const resamples = new Float64Array(resampling.resamples);
  for (let resample = 0; resample < resamples.length; resample++) {
    resamples[resample] = await number(times.of(resample));
  }
  const without = new Float64Array(groupsLeftOut(resampling, times.units));
  for (let group = 0; group < without.length; group++) {
    without[group] = await number(times.without(group, without.length));
  }
  return intervalFrom(value, resamples, resampling, without);
}

interface ResampledMetric {
  readonly parts: readonly MemberRows[];
  /** Of the rows as they are. */
  readonly value: number;
  /** With each row counted so many times. */
  number(times: Float64Array): Promise<number>;
}

async function resampledMetric<T>(
  backend: Backend<T>,
  where: string,
  metric: AnyMetric,
  batch: Readonly<Record<string, T | TensorLike>>,
  { of }: MetricResampling,
): Promise<ResampledMetric> {
  checkIsMetric(where, metric);
  // Faults are refused here, before anything is kept.
  const statistics = await readStatistics(backend, metric, statisticsOf(backend, metric, batch));
  const value = numberOf(where, metric, of, statistics);
  const parts: MemberRows[] = [];
  for (const member of membersOf(metric)) {
    const rows = backend.scope(() => rowsToKeep(backend, member, inputsOn(backend, metric, batch)));
    const kept = rows && (await readTensors(backend, rows));
    parts.push(memberRows(where, member, kept, await masksOf(backend, member, batch), (host) => host));
  }
  const again = (part: MemberRows, times: Float64Array): Promise<HostStatistics<string>> => {
    const given = { ...inputsOfMember(part.member, batch), rowWeights: weightsTimes(part, times) };
    return readStatistics(backend, part.member.metric, statisticsOf(backend, part.member.metric, given));
  };
  return {
    parts,
    value,
    async number(times) {
      const found: HostStatistics<string>[] = [];
      for (const part of parts) found.push(statisticsOfRows(part, times) ?? (await again(part, times)));
      return numberOf(where, metric, of, joinedStatistics(parts, found));
    },
  };
}

/** A member's weights and labels on the host, under the batch's names. */
async function masksOf<T>(backend: Backend<T>, member: MetricMember, batch: Readonly<Record<string, T | TensorLike>>) {
  const masks = await Promise.all(
    ['rowWeights', 'labels'].map(async (name) => {
      const outer = member.names[name] ?? name;
      const given = batch[outer];
      if (given === undefined) return [];
      const host = backend.isTensor(given)
        ? await backend.read(given)
        : toHostTensor(given as TensorLike, member.metric.name, outer);
      return [[outer, host] as const];
    }),
  );
  return Object.fromEntries(masks.flat());
}
