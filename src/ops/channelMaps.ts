/** Features of two layouts as one: [batch, channels, positions]. */
import type { Backend, Shape } from '../backend.ts';
import { checkNotEmpty, describeShape, shapeError } from '../check.ts';
import { sizeOf } from '../tensor.ts';
import type { FeatureLayout } from './affine.ts';

/** The extents of a batch of features, whichever axis the channels are on. */
export interface MapExtents {
  readonly batch: number;
  readonly channels: number;
  /** The axes of the positions, [height, width] for images. */
  readonly positions: Shape;
}

/** Reads the extents off a shape [batch, ...positions, channels] or [batch, channels, ...positions]. */
export function mapExtents(shape: Shape, layout: FeatureLayout): MapExtents {
  const [batch = 1, ...rest] = shape;
  return layout === 'channelsFirst'
    ? { batch, channels: rest[0] ?? 1, positions: rest.slice(1) }
    : { batch, channels: rest.at(-1) ?? 1, positions: rest.slice(0, -1) };
}

/** Requires features of a layout with at least (or exactly) some axes of positions; returns their extents. */
export function checkMaps<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  features: T,
  layout: FeatureLayout,
  positions: { readonly least: number; readonly most?: number } = { least: 1 },
): MapExtents {
  const shape = backend.shapeOf(features);
  const axes = positions.most === 2 ? 'height, width' : '...positions';
  if (shape.length < 2 + positions.least || shape.length > 2 + (positions.most ?? Infinity)) {
    const form = layout === 'channelsFirst' ? `[batch, channels, ${axes}]` : `[batch, ${axes}, channels]`;
    throw shapeError(where, argument, `of shape ${form}`, shape);
  }
  checkNotEmpty(where, argument, shape);
  return mapExtents(shape, layout);
}

/** Requires the teacher's features to be of as many samples as the student's and, unless told otherwise, of its positions. */
export function checkSamePositions(
  where: string,
  student: MapExtents,
  teacher: MapExtents,
  { positions = true, hint }: { readonly positions?: boolean; readonly hint?: string } = {},
): void {
  const of = ({ batch, positions: extents }: MapExtents): Shape => (positions ? [batch, ...extents] : [batch]);
  const [expected, got] = [of(student), of(teacher)];
  if (expected.length === got.length && expected.every((extent, axis) => extent === got[axis])) return;
  const samples = `${student.batch} samples`;
  const wanted = positions ? `${samples} with positions ${describeShape(student.positions)}` : samples;
  const shown = [teacher.batch, ...teacher.positions, teacher.channels];
  throw shapeError(where, 'teacherFeatures', `of ${wanted} as studentFeatures`, shown, hint);
}

/** Features with their positions in one axis, in the order in which they lie. */
export interface ChannelRuns<T> {
  /** [batch, channels, positions], or [batch, positions, channels] with channels last. */
  readonly runs: T;
  readonly channels: number;
  /** How many positions there are. */
  readonly positions: number;
  readonly channelAxis: number;
  readonly positionAxis: number;
}

/** Features as runs: no number moves. */
export function channelRuns<T>(backend: Backend<T>, features: T, layout: FeatureLayout): ChannelRuns<T> {
  const { batch, channels, positions: extents } = mapExtents(backend.shapeOf(features), layout);
  const positions = sizeOf(extents);
  return layout === 'channelsFirst'
    ? {
        runs: backend.reshape(features, [batch, channels, positions]),
        channels,
        positions,
        channelAxis: 1,
        positionAxis: 2,
      }
    : {
        runs: backend.reshape(features, [batch, positions, channels]),
        channels,
        positions,
        channelAxis: 2,
        positionAxis: 1,
      };
}

/** Features as [batch, channels, positions]. */
export function asChannelMaps<T>(backend: Backend<T>, features: T, layout: FeatureLayout): T {
  const { batch, channels, positions } = mapExtents(backend.shapeOf(features), layout);
  const count = sizeOf(positions);
  if (layout === 'channelsFirst') return backend.reshape(features, [batch, channels, count]);
  return backend.transpose(backend.reshape(features, [batch, count, channels]));
}

/** [batch, channels, positions] in a shape of a layout again. */
export function fromChannelMaps<T>(backend: Backend<T>, maps: T, shape: Shape, layout: FeatureLayout): T {
  return backend.reshape(layout === 'channelsFirst' ? maps : backend.transpose(maps), shape);
}
