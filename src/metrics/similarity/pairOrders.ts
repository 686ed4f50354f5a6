/** Orders of long lists of numbers, and how two of them agree: what rank correlations of millions of pairs take. */

/** A list of numbers in rising order. */
export interface ListOrder {
  /** Positions in rising order of their numbers. */
  readonly order: Uint32Array;
  /** For each number 2·rank − (n + 1), ties sharing their mean rank: whole numbers with sum 0, equal where numbers are. */
  readonly ranks: Int32Array;
  /** Pairs of equal numbers. */
  readonly tiedPairs: number;
}

/** The order of numbers without NaN; those that differ by no more than their rounding are equal. */
export function listOrder(values: Float64Array, rounding = 0): ListOrder {
  const order = sortedPositions(values);
  const count = values.length;
  const ranks = new Int32Array(count);
  let tiedPairs = 0;
  for (let start = 0; start < count; ) {
    const value = values[order[start]!]!;
    let end = start + 1;
    // Of two infinities the difference is none.
    while (end < count && (values[order[end]!]! === value || values[order[end]!]! - value <= rounding)) end++;
    // Ranks start + 1 … end, doubled and centred.
    for (let at = start; at < end; at++) ranks[order[at]!] = start + end - count;
    tiedPairs += ((end - start) * (end - start - 1)) / 2;
    start = end;
  }
  return { order, ranks, tiedPairs };
}

/** Numbers by halves of their bits, each with its position. */
interface Keys {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly positions: Uint32Array;
}

function emptyKeys(count: number): Keys {
  return { low: new Uint32Array(count), high: new Uint32Array(count), positions: new Uint32Array(count) };
}

/** Digits of each half, from the last: all fit a first-level cache of counters. */
const digits = [
  { shift: 0, bits: 11 },
  { shift: 11, bits: 11 },
  { shift: 22, bits: 10 },
] as const;

/** By their digits, the last one first: six passes, whatever the numbers are. */
function sortedPositions(values: Float64Array): Uint32Array {
  let [from, to] = [keysOf(values), emptyKeys(values.length)];
  for (const half of ['low', 'high'] as const) {
    for (const { shift, bits } of digits) {
      if (distribute(from, to, half, shift, 2 ** bits)) [from, to] = [to, from];
    }
  }
  return from.positions;
}

/** Puts numbers in the order of one digit, those of one digit as they stand; false where all have the same. */
function distribute(from: Keys, to: Keys, half: 'low' | 'high', shift: number, size: number): boolean {
  const keys = from[half];
  const mask = size - 1;
  const starts = new Uint32Array(size + 1);
  for (let index = 0; index < keys.length; index++) starts[((keys[index]! >>> shift) & mask) + 1]!++;
  if (starts.includes(keys.length)) return false;
  for (let digit = 0; digit < size; digit++) starts[digit + 1]! += starts[digit]!;
  const { low, high, positions } = from;
  const { low: toLow, high: toHigh, positions: toPositions } = to;
  const needsLow = half === 'low';
  for (let index = 0; index < keys.length; index++) {
    const digit = (keys[index]! >>> shift) & mask;
    const place = starts[digit]!;
    starts[digit] = place + 1;
    if (needsLow) toLow[place] = low[index]!;
    toHigh[place] = high[index]!;
    toPositions[place] = positions[index]!;
  }
  return true;
}

/** The bits of numbers, so turned that they rise as whole numbers without sign as the numbers do. */
function keysOf(values: Float64Array): Keys {
  const keys = emptyKeys(values.length);
  const number = new Float64Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let index = 0; index < values.length; index++) {
    // Both zeros are one number.
    number[0] = values[index]! + 0;
    const isNegative = bits[1]! >>> 31 === 1;
    keys.low[index] = isNegative ? ~bits[0]! : bits[0]!;
    keys.high[index] = isNegative ? ~bits[1]! : bits[1]! | 0x80000000;
    keys.positions[index] = index;
  }
  return keys;
}

/** Kendall's τ_b of two lists; undefined where either is constant. */
export function kendallOf(x: ListOrder, y: ListOrder): number | undefined {
  const count = x.order.length;
  const pairs = (count * (count - 1)) / 2;
  const [orderedX, orderedY] = [pairs - x.tiedPairs, pairs - y.tiedPairs];
  if (orderedX === 0 || orderedY === 0) return undefined;
  // The ranks in y, by rising x; among equals in x by rising y, so that those are no inversions.
  const ranks = new Int32Array(count);
  for (let at = 0; at < count; at++) ranks[at] = y.ranks[x.order[at]!]!;
  let tiedInBoth = 0;
  if (x.tiedPairs > 0) {
    for (let start = 0; start < count; ) {
      let end = start + 1;
      while (end < count && x.ranks[x.order[end]!]! === x.ranks[x.order[start]!]!) end++;
      if (end > start + 1) tiedInBoth += sortAndCountTies(ranks.subarray(start, end));
      start = end;
    }
  }
  const discordant = inversionsOf(ranks);
  const difference = pairs - x.tiedPairs - y.tiedPairs + tiedInBoth - 2 * discordant;
  return Math.max(-1, Math.min(1, difference / Math.sqrt(orderedX) / Math.sqrt(orderedY)));
}

function sortAndCountTies(values: Int32Array): number {
  values.sort();
  let tied = 0;
  for (let start = 0; start < values.length; ) {
    let end = start + 1;
    while (end < values.length && values[end] === values[start]) end++;
    tied += ((end - start) * (end - start - 1)) / 2;
    start = end;
  }
  return tied;
}

/** Runs that are sorted by insertion before they are merged. */
const shortRun = 24;

/** How many pairs stand against their order; sorts the values. */
export function inversionsOf(values: Int32Array): number {
  const count = values.length;
  let inversions = 0;
  for (let start = 0; start < count; start += shortRun) {
    const end = Math.min(count, start + shortRun);
    for (let next = start + 1; next < end; next++) {
      const value = values[next]!;
      let at = next;
      for (; at > start && values[at - 1]! > value; at--) values[at] = values[at - 1]!;
      values[at] = value;
      inversions += next - at;
    }
  }
  let from = values;
  let to: Int32Array = new Int32Array(count);
  for (let width = shortRun; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = Math.min(count, start + width);
      const end = Math.min(count, start + 2 * width);
      inversions += merge(from, to, start, middle, end);
    }
    [from, to] = [to, from];
  }
  return inversions;
}

/** Merges two sorted runs, and counts the pairs of which the second run's number is smaller. */
function merge(from: Int32Array, to: Int32Array, start: number, middle: number, end: number): number {
  let [left, right, inversions] = [start, middle, 0];
  for (let at = start; at < end; at++) {
    if (right >= end || (left < middle && from[left]! <= from[right]!)) {
      to[at] = from[left++]!;
    } else {
      to[at] = from[right++]!;
      inversions += middle - left;
    }
  }
  return inversions;
}
