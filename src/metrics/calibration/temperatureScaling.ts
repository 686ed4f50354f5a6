import { positive, readOptions, rising, whole } from '../../options.ts';
import { type RowMetricOptions, rowMask } from '../../rowMetric.ts';
import { type CalibrationBin, calibrationErrors, equalWidthBoundaries, mostBins } from './binTable.ts';
import { binRows } from './hostBins.ts';
import { checkHeldOut, type HeldOutRows, type LabelledLogits } from './labelledLogits.ts';

/** Options of `temperatureScaling`. */
export interface TemperatureScalingOptions extends RowMetricOptions {
  /** The least and the largest temperature tried. Default [0.001, 1000]. */
  readonly bounds?: readonly [number, number];
  /** Bins of the calibration errors that are reported. Default 15. */
  readonly bins?: number;
}

/** How good predictions are at one temperature. */
export interface TemperatureQuality {
  /** In nats a row; with soft labels the cross-entropy. */
  readonly negativeLogLikelihood: number;
  /** ECE over bins of equal width, in [0, 1]; with soft labels a row is right by the probability of its largest class. */
  readonly calibrationError: number;
  /** The same under its name in a reliability diagram, with mean confidence and accuracy. */
  readonly expected: number;
  readonly confidence: number;
  readonly accuracy: number;
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
 * Soft labels, probabilities of every class (smoothed labels, several annotators, a teacher), take y_k·z_k summed over the
 * classes in place of z_y: the temperature of least cross-entropy.
 *
 * @param held `logits` [..., classes] and `labels`, class numbers [...] or, in the shape of the logits, probabilities of each
 * class; optional `rowWeights` [...]. On the host.
 * @throws RangeError for NaN, +Infinity, a label out of range or with a logit of −Infinity, soft labels that do not sum to 1
 * within 0.001, or no row that counts.
 * @example
 * const { temperature, before, after } = temperatureScaling({ logits: validationLogits, labels: validationLabels });
 * const toTeacher = temperatureScaling({ logits: studentLogits, labels: teacherProbabilities });
 * @see Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks (2017), arXiv 1706.04599
 */
export function temperatureScaling(
  held: HeldOutRows,
  options: TemperatureScalingOptions = {},
): TemperatureScalingResult {
  const { bounds, bins, ignoreIndex } = readOptions('temperatureScaling', options, {
    bounds: rising(positive(), [1e-3, 1e3]),
    bins: whole(1, 15, mostBins),
    ...rowMask(),
  });
  const rows = checkHeldOut('temperatureScaling', held, ignoreIndex);
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

/** What a row's softmax at some β is made of. */
interface RowMoments {
  readonly row: number;
  readonly weight: number;
  /** Σ e^{β·shift} over the classes, shift being the logit less the largest one. */
  readonly sum: number;
  /** Σ shift·e^{β·shift} and Σ shift²·e^{β·shift}. */
  readonly first: number;
  readonly second: number;
  /** The label's shift, or the mean over soft labels. */
  readonly labelShift: number;
  /** How far the first largest class is the label: 0 or 1, or its probability. */
  readonly hit: number;
}

/** Calls back with each row that counts. */
function forEachRow(held: LabelledLogits, beta: number, visit: (moments: RowMoments) => void): void {
  const { logits, labels, isSoft, classes, weights } = held;
  const rows = logits.length / classes;
  for (let row = 0; row < rows; row++) {
    const weight = weights === undefined ? 1 : weights[row]!;
    if (weight === 0) continue;
    const start = row * classes;
    let top = 0;
    for (let index = 1; index < classes; index++) if (logits[start + index]! > logits[start + top]!) top = index;
    const largest = logits[start + top]!;
    let [sum, first, second, labelShift, labelSum] = [0, 0, 0, 0, 0];
    for (let index = 0; index < classes; index++) {
      const shift = logits[start + index]! - largest;
      const share = isSoft ? labels[start + index]! : 0;
      // A class at −Infinity may have no label: 0·∞ is no number.
      if (share > 0) labelShift += share * shift;
      labelSum += share;
      const mass = Math.exp(beta * shift);
      if (mass === 0) continue;
      sum += mass;
      first += mass * shift;
      second += mass * shift * shift;
    }
    // Rounded probabilities need not sum to 1.
    labelShift = isSoft ? labelShift / labelSum : logits[start + labels[row]!]! - largest;
    const hit = isSoft ? labels[start + top]! / labelSum : labels[row] === top ? 1 : 0;
    visit({ row, weight, sum, first, second, labelShift, hit });
  }
}

/** Slope and curvature of the mean negative log-likelihood in β. */
function slopeAt(rows: LabelledLogits, beta: number): { readonly slope: number; readonly curvature: number } {
  let [slope, curvature] = [0, 0];
  forEachRow(rows, beta, ({ weight, sum, first, second, labelShift }) => {
    const mean = first / sum;
    slope += weight * (mean - labelShift);
    curvature += weight * (second / sum - mean * mean);
  });
  return { slope: slope / rows.count, curvature: curvature / rows.count };
}

function qualityAt(rows: LabelledLogits, beta: number, boundaries: readonly number[]): TemperatureQuality {
  const size = rows.logits.length / rows.classes;
  const [confidences, correct] = [new Float64Array(size), new Float64Array(size)];
  let [total, confidence, accuracy] = [0, 0, 0];
  forEachRow(rows, beta, ({ row, weight, sum, labelShift, hit }) => {
    confidences[row] = 1 / sum;
    correct[row] = hit;
    confidence += weight / sum;
    accuracy += weight * hit;
    total += weight * (Math.log(sum) - beta * labelShift);
  });
  const bins = binRows({ confidences, correct, weights: rows.weights }, boundaries);
  const { expected } = calibrationErrors(bins);
  return {
    negativeLogLikelihood: total / rows.count,
    calibrationError: expected,
    expected,
    confidence: confidence / rows.count,
    accuracy: accuracy / rows.count,
    bins,
  };
}
