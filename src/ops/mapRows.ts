/** Features of two layouts as rows: one for each channel, of its positions, or one for each position, of its channels. */
import type { Backend, Shape } from '../backend.ts';
import { checkSameShape } from '../check.ts';
import { sizeOf } from '../tensor.ts';
import type { FeatureLayout } from './affine.ts';
import { checkMaps, mapExtents } from './channelMaps.ts';
import { type ProbabilityPair, softenedPair } from './softenedPair.ts';

/** What a row is made of; the others are the rows. */
export type RowsOf = 'positions' | 'channels';

/** Requires two sides' features of one shape in a layout; returns the shape of the rows. */
export function checkMapPair<T>(
  backend: Backend<T>,
  where: string,
  { studentFeatures, teacherFeatures }: { readonly studentFeatures: T; readonly teacherFeatures: T },
  layout: FeatureLayout,
  rowsOf: RowsOf,
): Shape {
  const { batch, channels, positions } = checkMaps(backend, where, 'studentFeatures', studentFeatures, layout);
  const shape = backend.shapeOf(studentFeatures);
  checkSameShape(where, 'teacherFeatures', backend.shapeOf(teacherFeatures), 'studentFeatures', shape);
  return rowsOf === 'positions' ? [batch, channels] : [batch, ...positions];
}

/** Features as [batch, rows, elements of a row]: a copy only where the layout has the two the other way round. */
export function mapRows<T>(backend: Backend<T>, features: T, layout: FeatureLayout, rowsOf: RowsOf): T {
  const { batch, channels, positions } = mapExtents(backend.shapeOf(features), layout);
  const count = sizeOf(positions);
  const lying = layout === 'channelsFirst' ? [batch, channels, count] : [batch, count, channels];
  const rows = backend.reshape(features, lying);
  return areLying(layout, rowsOf) ? rows : backend.transpose(rows);
}

/** [batch, rows, elements of a row] in the shape that the features had. */
export function fromMapRows<T>(backend: Backend<T>, rows: T, shape: Shape, layout: FeatureLayout, rowsOf: RowsOf): T {
  return backend.reshape(areLying(layout, rowsOf) ? rows : backend.transpose(rows), shape);
}

/** Whether the elements of a row lie side by side. */
function areLying(layout: FeatureLayout, rowsOf: RowsOf): boolean {
  return (layout === 'channelsFirst') === (rowsOf === 'positions');
}

/** What a divergence over the rows of two sides' features leaves for its gradient. */
export type MapDivergence<T> = Required<ProbabilityPair<T>>;

/** The divergence of the rows' softmaxes at temperature T. */
export function mapDivergence<T>(
  backend: Backend<T>,
  { studentFeatures, teacherFeatures }: { readonly studentFeatures: T; readonly teacherFeatures: T },
  temperature: number,
  layout: FeatureLayout,
  rowsOf: RowsOf,
): MapDivergence<T> {
  const [s, t] = [studentFeatures, teacherFeatures].map((features) => mapRows(backend, features, layout, rowsOf));
  const temperatures = { student: temperature, teacher: temperature };
  const { student, teacher, logRatio, near, divergence } = softenedPair(backend, s!, t!, temperatures);
  return { student, teacher, logRatio, near, divergence };
}
