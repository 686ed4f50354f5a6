/** Attention maps, the mean of |f|ᵖ over channels, and features averaged over a coarser grid. */
import type { Backend, Shape } from '../../backend.ts';
import { adaptiveAverage, adaptiveAverageGradient } from '../../ops/adaptiveAverage.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { asChannelMaps, channelRuns, fromChannelMaps, mapExtents } from '../../ops/channelMaps.ts';
import type { Grid } from '../../ops/resizeBilinear.ts';
import { scale } from '../../ops/scale.ts';
import { sign } from '../../ops/sign.ts';
import { squareRange } from '../../ops/squareRange.ts';
import { sizeOf } from '../../tensor.ts';

/** An attention map whose numbers are within range, and what it is made of. */
export interface ScaledMap<T> {
  /** [batch, positions]. */
  readonly map: T;
  /** The features over `units`. */
  readonly features: T;
  /** For each sample [batch, 1, …], or one for all: a map's direction does not depend on it. */
  readonly units: T;
}

/**
 * The map of features of any scale, whose powers might overflow or vanish; `onGrid` is what happens to the features before. Where
 * numbers can be read at once, most features turn out to need no scaling; elsewhere each sample's largest comes to 1 first.
 */
export function scaledAttentionMap<T>(
  backend: Backend<T>,
  features: T,
  { layout, power, onGrid }: { layout: FeatureLayout; power: number; onGrid: (features: T) => T },
): ScaledMap<T> {
  if (backend.readSync !== undefined) {
    const given = onGrid(features);
    const map = attentionMap(backend, given, layout, power);
    const { lowest, highest } = squareRange(backend);
    const largest = backend.readSync(backend.max(map, { axis: 1 })).data;
    // In range, a sum of powers keeps its digits as a sum of squares does.
    if (Array.prototype.every.call(largest, (size: number) => size >= lowest && size <= highest)) {
      return { map, features: given, units: backend.scalar(1) };
    }
  }
  const units = largestOfSamples(backend, features);
  const scaled = onGrid(backend.divide(features, units));
  return { map: attentionMap(backend, scaled, layout, power), features: scaled, units };
}

/** The size of each sample's largest feature, [batch, 1, …]; 1 for a sample of zeros. */
function largestOfSamples<T>(backend: Backend<T>, features: T): T {
  const [batch = 1, ...rest] = backend.shapeOf(features);
  const sizes = backend.max(backend.abs(backend.reshape(features, [batch, sizeOf(rest)])), { axis: 1 });
  const units = backend.where(sizes, sizes, backend.scalar(1));
  return backend.reshape(units, [batch, ...rest.map(() => 1)]);
}

/** mean over channels of |f|ᵖ: [batch, positions]. */
function attentionMap<T>(backend: Backend<T>, features: T, layout: FeatureLayout, power: number): T {
  const { runs, channels, channelAxis } = channelRuns(backend, features, layout);
  return scale(backend, backend.sum(powerOf(backend, runs, power), { axis: channelAxis }), 1 / channels);
}

/** The gradient in the features from that in their map. */
export function attentionMapGradient<T>(
  backend: Backend<T>,
  features: T,
  layout: FeatureLayout,
  power: number,
  gradient: T,
): T {
  const { runs, channels, channelAxis } = channelRuns(backend, features, layout);
  const column = backend.shapeOf(runs).map((extent, axis) => (axis === channelAxis ? 1 : extent));
  const slopes = scale(backend, backend.reshape(gradient, column), power / channels);
  return backend.reshape(backend.multiply(slopes, powerSlope(backend, runs, power)), backend.shapeOf(features));
}

/** |x|ᵖ. */
function powerOf<T>(backend: Backend<T>, x: T, power: number): T {
  if (power === 2) return backend.multiply(x, x);
  const size = backend.abs(x);
  return power === 1 ? size : backend.exp(scale(backend, backend.log(size), power));
}

/** |x|ᵖ⁻¹·sign x: 0 at 0, also where p < 1 and the slope there has no limit. */
function powerSlope<T>(backend: Backend<T>, x: T, power: number): T {
  if (power === 2) return x;
  if (power === 1) return sign(backend, x);
  return backend.where(x, backend.divide(powerOf(backend, x, power), x), backend.scalar(0));
}

/** The smaller extent of two grids along each axis. */
export function commonGrid<T>(backend: Backend<T>, first: T, second: T, layout: FeatureLayout): Grid {
  const [a, b] = [first, second].map((features) => mapExtents(backend.shapeOf(features), layout).positions);
  return [Math.min(a![0]!, b![0]!), Math.min(a![1]!, b![1]!)];
}

/** Features averaged over a grid, in the same layout. */
export function averagedTo<T>(backend: Backend<T>, features: T, layout: FeatureLayout, grid: Grid): T {
  const { batch, channels, positions } = mapExtents(backend.shapeOf(features), layout);
  const [height = 1, width = 1] = positions;
  const maps = backend.reshape(asChannelMaps(backend, features, layout), [batch * channels, height, width]);
  const averages = backend.reshape(adaptiveAverage(backend, maps, grid), [batch, channels, grid[0] * grid[1]]);
  const shape = layout === 'channelsFirst' ? [batch, channels, ...grid] : [batch, ...grid, channels];
  return fromChannelMaps(backend, averages, shape, layout);
}

/** The gradient in features of a shape from that in their averages. */
export function averagedToGradient<T>(backend: Backend<T>, gradient: T, shape: Shape, layout: FeatureLayout): T {
  const { batch, channels, positions } = mapExtents(shape, layout);
  const [height = 1, width = 1] = positions;
  const grid = mapExtents(backend.shapeOf(gradient), layout).positions;
  const averages = backend.reshape(asChannelMaps(backend, gradient, layout), [batch * channels, ...grid]);
  const maps = adaptiveAverageGradient(backend, averages, [height, width]);
  return fromChannelMaps(backend, backend.reshape(maps, [batch, channels, height * width]), shape, layout);
}
