/** Axes of numbers whose size is not known before: losses, components, ratios. */
import type { Axis, FieldChannel } from './specification.ts';

/** Pixels that the labels of a vertical axis of numbers take, and the axis with its title. */
const labelRoom = 42;
export const valueAxisWidth = 66;

/** Far from 1 a number is short only with its exponent; 0 among small numbers has no digits of theirs. */
const shortLabels =
  "datum.value === 0 && length(datum.label) > 6 ? '0' : abs(datum.value) >= 1e5 || (datum.value !== 0 && abs(datum.value) < 1e-3) ? format(datum.value, '~e') : datum.label";

/** The ends of an axis over some numbers; where all are equal, a little to either side. */
function extent(values: Iterable<number>, log: boolean): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low < high) return [low, high];
  if (log) return [low / 2, 2 * low];
  const margin = Math.abs(low) / 10 || 1;
  return [low - margin, low + margin];
}

/**
 * The channel of a field of numbers.
 *
 * @param values All numbers that the axis must reach.
 */
export function valueChannel(
  field: 'x' | 'y' | 'value' | 'loss' | 'ratio',
  values: Iterable<number>,
  axis: Axis,
  log = false,
): FieldChannel {
  return {
    field,
    type: 'quantitative',
    scale: { ...(log && { type: 'log' as const }), domain: extent(values, log), nice: true },
    axis: { tickCount: 5, labelExpr: shortLabels, ...axis },
  };
}

/** Keeps a vertical axis as wide as any other, so that plots below each other line up. */
export const verticalAxis: Axis = { minExtent: labelRoom, maxExtent: labelRoom };
