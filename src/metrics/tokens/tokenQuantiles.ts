/** Quantiles of some numbers a token as the community's tables give them, over a stream in a state of fixed size. */
import { scalarStatistic } from '../../columnMetric.ts';
import { countOf, type HostStatistics, numberOf, type StateForm } from '../../metricState.ts';
import {
  digestError,
  digestForms,
  digestFrom,
  digestStatistics,
  gathered,
  mergeDigests,
  quantilesOf,
  withinCapacity,
} from './valueDigest.ts';

/** Quantiles of numbers in rising order. */
export interface Quantiles {
  readonly minimum: number;
  /** The quantile at 0.001. */
  readonly p001: number;
  /** The quantile at 0.01. */
  readonly p01: number;
  readonly p05: number;
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  /** The quantile at 0.999. */
  readonly p999: number;
  readonly maximum: number;
}

const shares: Readonly<Record<keyof Quantiles, number>> = {
  minimum: 0,
  p001: 0.001,
  p01: 0.01,
  p05: 0.05,
  p10: 0.1,
  median: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  p999: 0.999,
  maximum: 1,
};
const names = /* @__PURE__ */ Object.keys(shares) as (keyof Quantiles)[];
const places = /* @__PURE__ */ names.map((name) => shares[name]);

/** Names of the statistics of a quantity's quantiles. */
export type QuantileStatistic<Name extends string> =
  `${Name}${'Values' | 'Weights' | 'Bits' | 'Quantiles' | 'Batches'}`;

/** The form of these statistics. */
export function quantilesState<Name extends string>(name: Name): StateForm<QuantileStatistic<Name>> {
  const [values, weights, bits] = digestForms;
  return named(name, values, weights, bits, numberOf([names.length]), countOf());
}

/** Statistics of one batch: beside the digest its quantiles, which are exact for a batch of any size. */
export function batchQuantiles<Name extends string>(
  name: Name,
  column: Float64Array,
  rowWeights: Float64Array | undefined,
): HostStatistics<QuantileStatistic<Name>> {
  const all = gathered(column, rowWeights);
  const [values, weights, bits] = digestStatistics(withinCapacity(all));
  const exact = column.length === 0 ? new Float64Array(names.length) : quantilesOf(all, places);
  const batches = column.length === 0 ? 0 : 1;
  return named(name, values!, weights!, bits!, { data: exact, shape: [names.length] }, scalarStatistic(batches));
}

/** Statistics of both parts. */
export function mergeQuantiles<Name extends string>(
  name: Name,
  first: HostStatistics<QuantileStatistic<Name>>,
  second: HostStatistics<QuantileStatistic<Name>>,
): HostStatistics<QuantileStatistic<Name>> {
  const [one, two] = [partsOf(name, first), partsOf(name, second)];
  // A part of which no row counts leaves the other as it is.
  if (one.batches === 0) return pick(name, second);
  if (two.batches === 0) return pick(name, first);
  const [values, weights, bits] = digestStatistics(mergeDigests(one.digest, two.digest));
  const none = { data: new Float64Array(names.length), shape: [names.length] };
  return named(name, values!, weights!, bits!, none, scalarStatistic(one.batches + two.batches));
}

/** The quantiles, and by which share of itself each may be off. */
export function quantilesFrom<Name extends string>(
  name: Name,
  statistics: HostStatistics<QuantileStatistic<Name>>,
): { readonly quantiles: Quantiles; readonly error: number } {
  const { batches, digest, exact } = partsOf(name, statistics);
  const found = batches === 1 ? exact : quantilesOf(digest, places);
  return {
    quantiles: Object.fromEntries(names.map((quantile, at) => [quantile, found[at]!])) as unknown as Quantiles,
    error: batches === 1 ? 0 : digestError(digest),
  };
}

function partsOf<Name extends string>(name: Name, statistics: HostStatistics<QuantileStatistic<Name>>) {
  const of = (part: 'Values' | 'Weights' | 'Bits' | 'Quantiles' | 'Batches') => statistics[`${name}${part}`];
  return {
    digest: digestFrom(of('Values'), of('Weights'), of('Bits')),
    exact: of('Quantiles').data,
    batches: of('Batches').data[0]!,
  };
}

function pick<Name extends string>(name: Name, statistics: HostStatistics<QuantileStatistic<Name>>) {
  const of = (part: 'Values' | 'Weights' | 'Bits' | 'Quantiles' | 'Batches') => statistics[`${name}${part}`];
  return named(name, of('Values'), of('Weights'), of('Bits'), of('Quantiles'), of('Batches'));
}

function named<Name extends string, Value>(
  name: Name,
  values: Value,
  weights: Value,
  bits: Value,
  quantiles: Value,
  batches: Value,
): Readonly<Record<QuantileStatistic<Name>, Value>> {
  return {
    [`${name}Values`]: values,
    [`${name}Weights`]: weights,
    [`${name}Bits`]: bits,
    [`${name}Quantiles`]: quantiles,
    [`${name}Batches`]: batches,
  } as Readonly<Record<QuantileStatistic<Name>, Value>>;
}
