import { powerOfTwo } from './exponential';
import { highDoubles, laneMaximum, laneSum, loadTail, lowDoubles } from './vector';

const NATURAL_LOG_OF_TWO: f64 = 0.6931471805599453;

// Statistics of calibration error: for each bin the rows, the sum of their confidences and the hits, in float64. The
// inner edges come from the host, in float32, so that the rule for exact k/n lives in one place.

/** The bin of a confidence among `edgeCount` + 1: as many edges lie below it (at or below it, for `[lower, upper)`). */
function binOf(confidence: f32, edges: usize, edgeCount: usize, left: bool): usize {
  let low: usize = 0;
  let high = edgeCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    const edge = load<f32>(edges + (middle << 2));
    const above = left ? confidence >= edge : confidence > edge;
    if (above) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds a confidence to its bin; NaN, and what no rounding makes of a probability, falls into none. */
@inline
function enter(confidence: f32, correct: f64, edges: usize, edgeCount: usize, left: bool, sums: usize): void {
  if (!(confidence > -1 && confidence <= 2)) return;
  const bins = edgeCount + 1;
  const at = sums + (binOf(confidence, edges, edgeCount, left) << 3);
  store<f64>(at, load<f64>(at) + 1);
  store<f64>(at + (bins << 3), load<f64>(at + (bins << 3)) + <f64>confidence);
  store<f64>(at + (bins << 4), load<f64>(at + (bins << 4)) + correct);
}

/** What one pass over a row finds: Σ, NaN where an element is, and the extremes where none is. */
let rowSum: f64 = 0;
let rowLargest: f32 = 0;
let rowSmallest: f32 = 0;

function scanRow(row: usize, count: usize): void {
  const lowest = f32x4.splat(-Infinity);
  const highest = f32x4.splat(Infinity);
  let large = lowest;
  let small = highest;
  let sum = f64x2.splat(0);
  const end = row + (count << 2);
  for (; row + 64 <= end; row += 64) {
    const a = v128.load(row);
    const b = v128.load(row, 16);
    const c = v128.load(row, 32);
    const d = v128.load(row, 48);
    large = f32x4.pmax(f32x4.pmax(large, f32x4.pmax(a, b)), f32x4.pmax(c, d));
    small = f32x4.pmin(f32x4.pmin(small, f32x4.pmin(a, b)), f32x4.pmin(c, d));
    // Four at a time by pairs in float32, then on in float64.
    const four = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
    sum = f64x2.add(sum, f64x2.add(lowDoubles(four), highDoubles(four)));
  }
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; row + 16 <= end; row += 16) {
    const a = v128.load(row);
    large = f32x4.pmax(large, a);
    small = f32x4.pmin(small, a);
    total += laneSum(a);
  }
  if (row < end) {
    const left = (end - row) >> 2;
    large = f32x4.pmax(large, loadTail(row, left, lowest));
    small = f32x4.pmin(small, loadTail(row, left, highest));
    total += laneSum(loadTail(row, left, f32x4.splat(0)));
  }
  rowSum = total;
  rowLargest = laneMaximum(large);
  rowSmallest = -laneMaximum(f32x4.neg(small));
}

/** Where the first element equal to `value` is. */
function positionOf(row: usize, count: usize, value: f32): usize {
  const wanted = f32x4.splat(value);
  let index: usize = 0;
  for (; index + 4 <= count; index += 4) {
    const mask = i32x4.bitmask(f32x4.eq(v128.load(row + (index << 2)), wanted));
    if (mask != 0) return index + <usize>ctz(mask);
  }
  for (; index < count; index++) if (load<f32>(row + (index << 2)) == value) return index;
  return 0;
}

/** Σ e^(x − max). */
function exponentialSum(row: usize, count: usize, maximum: f32): f64 {
  const k = f32x4.splat(<f32>(1 / NATURAL_LOG_OF_TWO));
  const shift = f32x4.splat(maximum);
  const end = row + (count << 2);
  let total: f64 = 0;
  for (; row + 32 <= end; row += 32) {
    const first = powerOfTwo(f32x4.mul(f32x4.sub(v128.load(row), shift), k));
    const second = powerOfTwo(f32x4.mul(f32x4.sub(v128.load(row, 16), shift), k));
    total += laneSum(f32x4.add(first, second));
  }
  for (; row < end; row += 16) {
    const left = (end - row) >> 2;
    const x = left >= 4 ? v128.load(row) : loadTail(row, left, f32x4.splat(-Infinity));
    total += laneSum(powerOfTwo(f32x4.mul(f32x4.sub(x, shift), k)));
  }
  return total;
}

/** How many of a row's elements are below 0. */
function negatives(row: usize, count: usize): f64 {
  let found: i32 = 0;
  for (let index: usize = 0; index < count; index++) found += i32(load<f32>(row + (index << 2)) < 0);
  return <f64>found;
}

/**
 * Top-label statistics of rows. `sums` holds float64: counts, confidences and hits of `edgeCount` + 1 bins, zero at the
 * start. `faults` holds float64: rows with NaN, negative probabilities, rows whose sum is further from 1 than
 * `tolerance`; the last two stay 0 for logits.
 */
export function topLabelBins(
  scores: usize,
  labels: usize,
  rows: usize,
  classes: usize,
  fromLogits: bool,
  edges: usize,
  edgeCount: usize,
  left: bool,
  tolerance: f32,
  sums: usize,
  faults: usize,
): void {
  for (let row: usize = 0; row < rows; row++, scores += classes << 2, labels += 4) {
    scanRow(scores, classes);
    const top = rowLargest;
    let confidence: f32 = rowSum != rowSum ? NaN : top;
    if (fromLogits) {
      confidence = <f32>(1 / exponentialSum(scores, classes, top));
      if (confidence != confidence) addTo(faults, 1);
    } else checkProbabilities(scores, classes, tolerance, faults);
    const correct: f64 = <f32>positionOf(scores, classes, top) == load<f32>(labels) ? 1 : 0;
    enter(confidence, correct, edges, edgeCount, left, sums);
  }
}

/** Statistics of every class: `sums` holds float64 [3][classes][bins]; probabilities only. */
export function classwiseBins(
  probabilities: usize,
  labels: usize,
  rows: usize,
  classes: usize,
  edges: usize,
  edgeCount: usize,
  left: bool,
  tolerance: f32,
  sums: usize,
  faults: usize,
): void {
  const bins = edgeCount + 1;
  const plane = (classes * bins) << 3;
  for (let row: usize = 0; row < rows; row++, probabilities += classes << 2, labels += 4) {
    scanRow(probabilities, classes);
    checkProbabilities(probabilities, classes, tolerance, faults);
    const label = load<f32>(labels);
    for (let index: usize = 0; index < classes; index++) {
      const confidence = load<f32>(probabilities + (index << 2));
      if (!(confidence > -1 && confidence <= 2)) continue;
      const at = sums + ((index * bins + binOf(confidence, edges, edgeCount, left)) << 3);
      store<f64>(at, load<f64>(at) + 1);
      store<f64>(at + plane, load<f64>(at + plane) + <f64>confidence);
      if (<f32>index == label) store<f64>(at + plane * 2, load<f64>(at + plane * 2) + 1);
    }
  }
}

/** Counts what is wrong with a row that `scanRow` has gone over. */
function checkProbabilities(row: usize, count: usize, tolerance: f32, faults: usize): void {
  const total = <f32>rowSum;
  if (total != total) addTo(faults, 1);
  if (abs(total - 1) > tolerance) addTo(faults + 16, 1);
  if (rowSmallest < 0) addTo(faults + 8, negatives(row, count));
}

@inline
function addTo(pointer: usize, value: f64): void {
  store<f64>(pointer, load<f64>(pointer) + value);
}
