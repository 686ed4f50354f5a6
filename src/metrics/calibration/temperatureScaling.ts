import { rangeError, shapeError } from '../../check.ts';
import { positive, readOptions, rising, whole } from '../../options.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';
import { type CalibrationBin, calibrationErrors, equalWidthBoundaries, mostBins } from './binTable.ts';
import { binRows } from './hostBins.ts';

/** Options of `temperatureScaling`. */
export interface TemperatureScalingOptions {
  /** The least and the largest temperature tried. Default [0.001, 1000]. */
  readonly bounds?: readonly [number, number];
  /** Bins of the calibration errors that are reported. Default 15. */
  readonly bins?: number;
}

/** How good predictions are at one temperature. */
export interface TemperatureQuality {
  /** In nats a row. */
  readonly negativeLogLikelihood: number;
  /** ECE over bins of equal width, in [0, 1]. */
  readonly calibrationError: number;
  readonly bins: readonly CalibrationBin[];
}

/** What `temperatureScaling` returns. */
export interface TemperatureScalingResult {
  /** T: divide logits by it. Above 1 the model was overconfident. The same as `temperature`. */
  readonly value: number;
  readonly temperature: number;
  /**
   * `'converged'`; `'lowerBound'` where the likelihood still grows as T falls (every label already has the largest logit);
   * `'upperBound'` where it grows as T rises (the logits say nothing of the labels); `'flat'` where T changes nothing
   * (rows of equal logits): then T is 1.
   */
  readonly status: 'converged' | 'lowerBound' | 'upperBound' | 'flat';
  readonly iterations: number;
  /** At T = 1, on the rows given. */
  readonly before: TemperatureQuality;
  /** At the fitted T, on the rows given: give others to `calibrationError` for an honest figure. */
  readonly after: TemperatureQuality;
}

/**
 * Temperature scaling: the one number T that maximises the likelihood of held-out labels under softmax(logits/T).
 *
 * The negative log-likelihood is convex in β = 1/T; with p = softmax(β·z), its slope is E_p[z] − z_y and its curvature
 * Var_p(z), and Newton's steps, kept inside a shrinking bracket, find the zero of the slope.
 *
 * @param held `logits` [..., classes] and `labels` [...], on the host.
 * @throws RangeError for NaN, +Infinity, a label out of range or with a logit of −Infinity.
 * @example
 * const { temperature, before, after } = temperatureScaling({ logits: validationLogits, labels: validationLabels });
 * @see Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks (2017), arXiv 1706.04599
 */
export function temperatureScaling(
  held: { readonly logits: TensorLike; readonly labels: TensorLike },
  options: TemperatureScalingOptions = {},
): TemperatureScalingResult {
  const { bounds, bins } = readOptions('temperatureScaling', options, {
    bounds: rising(positive(), [1e-3, 1e3]),
    bins: whole(1, 15, mostBins),
  });
  const rows = checkedRows(held);
  const quality = (beta: number): TemperatureQuality => qualityAt(rows, beta, equalWidthBoundaries(bins));
  const done = (temperature: number, status: TemperatureScalingResult['status'], iterations: number) => ({
    value: temperature,
    temperature,
    status,
    iterations,
    before: quality(1),
    after: quality(1 / temperature),
  });

  let low = 1 / bounds[1];
  let high = 1 / bounds[0];
  const [atLow, atHigh] = [slopeAt(rows, low), slopeAt(rows, high)];
  if (atLow.slope === 0 && atHigh.slope === 0) return done(1, 'flat', 0);
  if (atLow.slope >= 0) return done(bounds[1], 'upperBound', 0);
  if (atHigh.slope <= 0) return done(bounds[0], 'lowerBound', 0);
  let beta = Math.min(Math.max(1, low), high);
  let iterations = 0;
  while (high / low - 1 > 1e-13 && iterations < 200) {
    iterations++;
    const { slope, curvature } = slopeAt(rows, beta);
    if (slope === 0) break;
    if (slope < 0) low = beta;
    else high = beta;
    const newton = beta - slope / curvature;
    // Outside the bracket, or where the curvature vanishes: halve the bracket in log T instead.
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high);
    const step = Math.abs(next - beta);
    beta = next;
    if (step <= 1e-14 * beta) break;
  }
  return done(1 / beta, 'converged', iterations);
}

interface LabelledLogits {
  readonly logits: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}

function checkedRows(held: { readonly logits: TensorLike; readonly labels: TensorLike }): LabelledLogits {
  const { data, shape } = toHostTensor(held.logits, 'temperatureScaling', 'logits');
  const labels = toHostTensor(held.labels, 'temperatureScaling', 'labels');
  const classes = shape.at(-1) ?? 0;
  if (data.length === 0) throw shapeError('temperatureScaling', 'logits', 'of shape [..., classes] with a row', shape);
  if (labels.data.length * classes !== data.length) {
    throw shapeError('temperatureScaling', 'labels', `${data.length / classes} labels`, labels.shape);
  }
  const bad = data.find((value) => !(value < Infinity));
  if (bad !== undefined) throw rangeError('temperatureScaling', 'logits', 'numbers below Infinity', bad);
  labels.data.forEach((label, row) => {
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw rangeError('temperatureScaling', 'labels', `whole numbers in [0, ${classes})`, label);
    }
    if (data[row * classes + label] === -Infinity) {
      throw rangeError('temperatureScaling', 'logits', 'finite at the label', -Infinity);
    }
  });
  return { logits: data, labels: labels.data, classes };
}

/** For each row: the logits less their maximum, scaled; calls back with exponentials' sum and moments. */
function forEachRow(
  { logits, labels, classes }: LabelledLogits,
  beta: number,
  visit: (row: number, sum: number, first: number, second: number, labelShift: number, hit: boolean) => void,
): void {
  for (let row = 0; row < labels.length; row++) {
    const start = row * classes;
    let top = 0;
    for (let index = 1; index < classes; index++) if (logits[start + index]! > logits[start + top]!) top = index;
    const largest = logits[start + top]!;
    let sum = 0;
    let first = 0;
    let second = 0;
    for (let index = 0; index < classes; index++) {
      const shifted = logits[start + index]! - largest;
      const weight = Math.exp(beta * shifted);
      if (weight === 0) continue;
      sum += weight;
      first += weight * shifted;
      second += weight * shifted * shifted;
    }
    const label = labels[row]!;
    visit(row, sum, first, second, logits[start + label]! - largest, label === top);
  }
}

/** Slope and curvature of the mean negative log-likelihood in β. */
function slopeAt(rows: LabelledLogits, beta: number): { readonly slope: number; readonly curvature: number } {
  let slope = 0;
  let curvature = 0;
  forEachRow(rows, beta, (_, sum, first, second, labelShift) => {
    const mean = first / sum;
    slope += mean - labelShift;
    curvature += second / sum - mean * mean;
  });
  return { slope: slope / rows.labels.length, curvature: curvature / rows.labels.length };
}

function qualityAt(rows: LabelledLogits, beta: number, boundaries: readonly number[]): TemperatureQuality {
  const confidences = new Float64Array(rows.labels.length);
  const correct = new Float64Array(rows.labels.length);
  let total = 0;
  forEachRow(rows, beta, (row, sum, _first, _second, labelShift, hit) => {
    confidences[row] = 1 / sum;
    correct[row] = hit ? 1 : 0;
    total += Math.log(sum) - beta * labelShift;
  });
  const bins = binRows({ confidences, correct }, boundaries);
  return {
    negativeLogLikelihood: total / rows.labels.length,
    calibrationError: calibrationErrors(bins).expected,
    bins,
  };
}
