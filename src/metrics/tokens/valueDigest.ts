/**
 * Quantiles of a stream in an array of fixed length. Values are kept with their weights, equal ones together; once there
 * are more different ones than places, all are cut to fewer bits of their mantissa, so that a value is known within a
 * stated share of itself. Cutting twice is cutting once, so the result depends neither on the order nor on the grouping
 * of the parts.
 */
import { scalarStatistic } from '../../columnMetric.ts';
import { countOf, type HostStatistic, numberOf, type StatisticForm } from '../../metricState.ts';
import { mantissaBits as allBits, truncation } from '../../ops/truncation.ts';
import { interpolated } from '../scores/quantile.ts';

/** Different values that are kept as they are. */
export const digestCapacity = 8192;

/** Values in rising order, each with a weight above 0, of which so many bits are known. */
export interface ValueDigest {
  readonly values: Float64Array;
  readonly weights: Float64Array;
  readonly bits: number;
}

/** The digest of both parts' values. */
export function mergeDigests(first: ValueDigest, second: ValueDigest): ValueDigest {
  const bits = Math.min(first.bits, second.bits);
  const [a, b] = [cut(first, bits), cut(second, bits)];
  const size = a.values.length + b.values.length;
  const [values, weights] = [new Float64Array(size), new Float64Array(size)];
  for (let at = 0, i = 0, j = 0; at < size; at++) {
    const fromFirst = j === b.values.length || (i < a.values.length && a.values[i]! <= b.values[j]!);
    values[at] = fromFirst ? a.values[i]! : b.values[j]!;
    weights[at] = fromFirst ? a.weights[i++]! : b.weights[j++]!;
  }
  return withinCapacity(joined({ values, weights, bits }));
}

/** All values of a batch with their weights, or of equal weight: sorted, with equal ones in one place, as many as there are. */
export function gathered(values: Float64Array, weights: Float64Array | undefined): ValueDigest {
  if (weights === undefined) {
    const sorted = values.slice().sort();
    return joined({ values: sorted, weights: new Float64Array(sorted.length).fill(1), bits: allBits });
  }
  const order = Int32Array.from(values, (_, row) => row).sort((a, b) => values[a]! - values[b]! || a - b);
  return joined({
    values: Float64Array.from(order, (row) => values[row]!),
    weights: Float64Array.from(order, (row) => weights[row]!),
    bits: allBits,
  });
}

/**
 * Quantiles at shares f: at place f·(n − 1) of all values in order, where n is the sum of their weights, interpolated
 * linearly between neighbours; a weight of 2 is two values. Where weights are no whole numbers the smallest one is one value,
 * so that their unit does not matter, and the last quantile is the largest value.
 */
export function quantilesOf({ values, weights, bits }: ValueDigest, shares: readonly number[]): Float64Array {
  const unit = unitOf(weights);
  let sum = 0;
  // A value holds the places from where the one before it ends to 1 below where it ends itself.
  const ends = weights.map((weight) => {
    sum += weight;
    return nearestWhole(sum / unit);
  });
  const last = values.length - 1;
  const holding = (place: number): number => {
    let [low, high] = [0, last];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! > place) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return Float64Array.from(shares, (share) => {
    const place = share * (ends[last]! - 1);
    const at = holding(place);
    const beyond = place - (ends[at]! - 1);
    const lower = middleOf(values[at]!, bits);
    return beyond > 0 && at < last ? interpolated(lower, middleOf(values[at + 1]!, bits), beyond) : lower;
  });
}

/** The weight of one value. */
function unitOf(weights: Float64Array): number {
  if (weights.every(Number.isInteger)) return 1;
  return weights.reduce((least, weight) => Math.min(least, weight), Infinity);
}

/** A number, or the whole number that it misses by the rounding of a sum. */
function nearestWhole(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-9 * whole ? whole : value;
}

/** How far a quantile may be from the value that stands for it, as a share of it: 0 where all are kept as they are. */
export function digestError({ bits }: ValueDigest): number {
  return bits === allBits ? 0 : 2 ** -(bits + 1);
}

/** A digest that fits its places. */
export function withinCapacity(digest: ValueDigest): ValueDigest {
  if (digest.values.length <= digestCapacity) return digest;
  // More bits, more different values: the most bits that fit, by halving.
  let [fits, fails] = [0, digest.bits];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (differentOf(digest.values, middle) <= digestCapacity) fits = middle;
    else fails = middle;
  }
  return cut(digest, fits);
}

function cut(digest: ValueDigest, bits: number): ValueDigest {
  if (digest.bits === bits) return digest;
  const truncate = truncation(bits);
  return joined({ values: digest.values.map(truncate), weights: digest.weights, bits });
}

function differentOf(sorted: Float64Array, bits: number): number {
  const truncate = truncation(bits);
  let [count, before] = [0, Number.NaN];
  for (let at = 0; at < sorted.length; at++) {
    const value = truncate(sorted[at]!);
    if (value !== before) count++;
    before = value;
  }
  return count;
}

/** Equal neighbours as one. */
function joined({ values, weights, bits }: ValueDigest): ValueDigest {
  let size = 0;
  const [kept, sums] = [values.slice(), weights.slice()];
  for (let at = 0; at < values.length; at++) {
    if (size > 0 && kept[size - 1] === values[at]) {
      sums[size - 1]! += weights[at]!;
      continue;
    }
    kept[size] = values[at]!;
    sums[size] = weights[at]!;
    size++;
  }
  return { values: kept.slice(0, size), weights: sums.slice(0, size), bits };
}

/** The middle of the values that are cut to this one. */
function middleOf(value: number, bits: number): number {
  if (bits === allBits || value === 0 || Math.abs(value) === Infinity) return value;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  // A logarithm may round up to the next whole number.
  const power = 2 ** exponent > Math.abs(value) ? exponent - 1 : exponent;
  return value + Math.sign(value) * 2 ** (power - bits - 1);
}

/** The forms of a digest's statistics: arrays of fixed length, filled up with weights of 0. */
export const digestForms: readonly [values: StatisticForm, weights: StatisticForm, bits: StatisticForm] = [
  /* @__PURE__ */ numberOf([digestCapacity]),
  /* @__PURE__ */ countOf([digestCapacity]),
  /* @__PURE__ */ countOf(),
];

/** A digest as statistics. */
export function digestStatistics({ values, weights, bits }: ValueDigest): readonly HostStatistic[] {
  const filled = (data: Float64Array) => {
    const all = new Float64Array(digestCapacity);
    all.set(data);
    return { data: all, shape: [digestCapacity] };
  };
  return [filled(values), filled(weights), scalarStatistic(bits)];
}

/** A digest from its statistics. */
export function digestFrom(values: HostStatistic, weights: HostStatistic, bits: HostStatistic): ValueDigest {
  const end = weights.data.indexOf(0);
  const size = end < 0 ? weights.data.length : end;
  return {
    values: values.data.slice(0, size),
    weights: weights.data.slice(0, size),
    bits: Math.min(allBits, Math.max(0, Math.floor(bits.data[0]!))),
  };
}
