/** Classes along another axis than the last: [N, C, H, W] as maps hold them. */
import type { Backend, Shape } from '../backend.ts';
import { rangeError } from '../check.ts';
import { type OptionReader, whole } from '../options.ts';

/** Reads the option `axis`: a whole number, negative from the last axis; the last, where it is left out. */
export function classAxis(): OptionReader<number> {
  return whole(Number.MIN_SAFE_INTEGER, -1);
}

/** The axis counted from the first one. */
export function placeOfAxis(where: string, argument: string, shape: Shape, axis: number): number {
  const place = axis < 0 ? axis + shape.length : axis;
  if (place < 0 || place >= shape.length) {
    throw rangeError(where, 'axis', `one of the ${shape.length} axes of ${argument}`, axis);
  }
  return place;
}

/** The classes brought to the last axis; the tensor itself where they are there. */
export function classesLast<T>(backend: Backend<T>, x: T, axis: number): T {
  const axes = [...backend.shapeOf(x).keys()];
  axes.push(...axes.splice(axis, 1));
  return permuted(backend, x, axes);
}

/** Classes brought back from the last axis to their own. */
export function classesBack<T>(backend: Backend<T>, x: T, axis: number): T {
  const axes = [...backend.shapeOf(x).keys()];
  const place = axis < 0 ? axis + axes.length : axis;
  axes.splice(place, 0, ...axes.splice(-1));
  return permuted(backend, x, axes);
}

function permuted<T>(backend: Backend<T>, x: T, axes: readonly number[]): T {
  return axes.every((axis, place) => axis === place) ? x : backend.transpose(x, axes);
}
