import { optional, readOptions, within } from '../../options.ts';
import {
  type ConfidenceOptions,
  type ConfidenceRows,
  checkConfidenceRows,
  confidenceReaders,
  totalWeight,
} from './confidenceRows.ts';
import type { LabelledScores } from './hostScores.ts';

/** Options of `smoothCalibrationError`. */
export interface SmoothCalibrationErrorOptions extends ConfidenceOptions {
  /** The kernel's standard deviation, in [1e-6, 10]; left out, it is the fixed point at which it equals the error itself. */
  readonly bandwidth?: number;
}

/** What `smoothCalibrationError` returns. */
export interface SmoothCalibrationErrorResult {
  /** In [0, 1]. */
  readonly value: number;
  /** The kernel's standard deviation. */
  readonly bandwidth: number;
  /** Rows that count: the sum of their weights, where there are any. */
  readonly count: number;
  /** A smooth reliability diagram: at each confidence the smoothed accuracy (null further than 6σ from
   * any row) and the density of confidences (mean 1). */
  readonly curve: {
    readonly confidence: readonly number[];
    readonly accuracy: readonly (number | null)[];
    readonly density: readonly number[];
  };
}

/** The least bandwidth that is tried; an error below it is not resolved. */
const leastBandwidth = 1e-3;

/**
 * Smooth calibration error: residuals smoothed by a Gaussian that is reflected at 0 and 1, instead of bins.
 *
 *     smECE_σ = ∫₀¹ |(1/N)·Σ_i (confidence_i − correct_i)·K_σ(t, confidence_i)| dt
 *
 * With the bandwidth left out, σ solves smECE_σ = σ, so that there is nothing to choose. The integral runs over a grid
 * finer than σ/10 onto which each residual is split linearly. One-shot, on host arrays.
 *
 * @param rows `labels` [...] and one of `logits` and `probabilities` [..., classes], or `confidences` [...] in [0, 1] and
 * `correct` [...], 0 or 1, as `topLabelConfidences` makes them; `rowWeights` [...] in either case.
 * @throws RangeError for a confidence outside [0, 1], NaN, no row that counts, or a bandwidth outside [1e-6, 10].
 * @example
 * const { value, bandwidth } = smoothCalibrationError({ logits, labels });
 * @see Błasiok, Nakkiran: Smooth ECE: principled reliability diagrams via kernel smoothing (2023), arXiv 2309.12236
 */
export function smoothCalibrationError(
  rows: ConfidenceRows | LabelledScores,
  options: SmoothCalibrationErrorOptions = {},
): SmoothCalibrationErrorResult {
  const { bandwidth: given, ...ranked } = readOptions('smoothCalibrationError', options, {
    // Wider than the interval of confidences by far, all kernels are flat; narrower, the grid would fill the memory.
    bandwidth: optional(within(1e-6, 10)),
    ...confidenceReaders(),
  });
  const checked = checkConfidenceRows('smoothCalibrationError', rows, ranked);
  const { confidences, correct, weights } = checked;
  const count = totalWeight(checked);
  /** The share of the rows that each one is. */
  const shares = weights?.map((weight) => weight / count) ?? new Float64Array(confidences.length).fill(1 / count);
  const residuals = confidences.map((confidence, row) => (confidence - correct[row]!) * shares[row]!);
  const hitShares = correct.map((hit, row) => hit * shares[row]!);
  const errorAt = (sigma: number): number =>
    smooth(confidences, residuals, sigma).reduce((sum, mass) => sum + Math.abs(mass), 0);
  const bandwidth = given ?? fixedPoint(errorAt);
  const density = smooth(confidences, shares, bandwidth);
  const hits = smooth(confidences, hitShares, bandwidth);
  const last = density.length - 1;
  return {
    value: errorAt(bandwidth),
    bandwidth,
    count,
    curve: {
      confidence: Array.from(density, (_, index) => index / last),
      accuracy: Array.from(hits, (mass, index) => (density[index]! > 0 ? mass / density[index]! : null)),
      density: Array.from(density, (mass, index) => mass * last * (index === 0 || index === last ? 2 : 1)),
    },
  };
}

/** The error falls as σ grows, so bisection finds where both are equal. */
function fixedPoint(errorAt: (sigma: number) => number): number {
  if (errorAt(leastBandwidth) <= leastBandwidth) return leastBandwidth;
  let low = leastBandwidth;
  let high = 1;
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (errorAt(middle) > middle) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Masses at confidences, smoothed over a grid on [0, 1] by the reflected Gaussian. */
function smooth(confidences: Float64Array, values: Float64Array, sigma: number): Float64Array {
  const last = Math.max(1000, Math.ceil(10 / sigma));
  const masses = new Float64Array(last + 1);
  confidences.forEach((confidence, row) => {
    const position = confidence * last;
    const node = Math.min(Math.floor(position), last - 1);
    const mass = values[row]!;
    masses[node]! += mass * (node + 1 - position);
    masses[node + 1]! += mass * (position - node);
  });
  const reach = Math.ceil(6 * sigma * last);
  const kernel = Float64Array.from({ length: reach + 1 }, (_, step) => Math.exp(-0.5 * (step / last / sigma) ** 2));
  const total = kernel.reduce((sum, weight) => sum + 2 * weight, -1);
  const smoothed = new Float64Array(last + 1);
  for (let node = 0; node <= last; node++) {
    const mass = masses[node]! / total;
    if (mass === 0) continue;
    for (let step = -reach; step <= reach; step++) {
      const unfolded = Math.abs(node + step) % (2 * last);
      smoothed[unfolded > last ? 2 * last - unfolded : unfolded]! += mass * kernel[Math.abs(step)]!;
    }
  }
  return smoothed;
}
