/** Shapes and strides of row-major arrays: how broadcasting and reductions walk them, on every backend. */
import type { Shape } from './backend.ts';
import { describeShape, rangeError } from './check.ts';
import { sizeOf, stridesOf } from './shape.ts';

/** The shape that shapes broadcast to, as in NumPy. */
export function broadcastShape(operation: string, shapes: readonly Shape[]): Shape {
  return shapes.reduce((a, b) => {
    const rank = Math.max(a.length, b.length);
    const shape: number[] = [];
    for (let axis = 0; axis < rank; axis++) {
      const fromA = a[axis - rank + a.length] ?? 1;
      const fromB = b[axis - rank + b.length] ?? 1;
      if (fromA !== fromB && fromA !== 1 && fromB !== 1) {
        throw new TypeError(
          `${operation}: shapes must broadcast to one another, got ${describeShape(a)} and ${describeShape(b)}.`,
        );
      }
      shape.push(fromA === 1 ? fromB : fromA);
    }
    return shape;
  });
}

/** Strides of a tensor within a shape that it broadcasts to: 0 along axes that it repeats. */
export function broadcastStrides(from: Shape, shape: Shape): number[] {
  const strides = stridesOf(from);
  return shape.map((_, axis) => {
    const own = axis - shape.length + from.length;
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
}

/** An axis of a walk: its extent, and the stride (in elements) of each operand. */
export interface WalkAxis {
  extent: number;
  strides: number[];
}

/**
 * Drops axes of extent 1, and merges neighbours where one step of the outer equals all steps of the inner, for every
 * operand: most broadcasts come down to one axis or two.
 */
export function mergeAxes(shape: Shape, operandStrides: readonly (readonly number[])[]): WalkAxis[] {
  const merged: WalkAxis[] = [];
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const strides = operandStrides.map((own) => own[axis]!);
    const outer = merged.at(-1);
    if (outer?.strides.every((stride, operand) => stride === strides[operand]! * extent)) {
      outer.extent *= extent;
      outer.strides = strides;
    } else merged.push({ extent, strides });
  });
  return merged;
}

/** Axes as a sorted list of non-negative numbers, each named once; all axes when left out. */
export function normaliseAxes(
  operation: string,
  axis: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, index) => index);
  const given = Array.isArray(axis) ? (axis as readonly number[]) : [axis as number];
  const axes = given.map((entry) => (Number.isInteger(entry) && entry < 0 ? entry + rank : entry));
  if (
    axes.some((entry) => !Number.isInteger(entry) || entry < 0 || entry >= rank) ||
    new Set(axes).size < axes.length
  ) {
    throw rangeError(operation, 'axis', `within the tensor's ${rank} axes, each at most once`, axis);
  }
  return axes.sort((first, second) => first - second);
}

/** How a reduction regroups a shape, as [outer, reduced, inner]. */
export interface ReductionPlan {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  /** The result's shape. */
  readonly shape: Shape;
  /** The permutation that makes the reduced axes the last ones; undefined where they are neighbours already. */
  readonly permutation: readonly number[] | undefined;
}

/** Plans a reduction over axes. */
export function planReduction(from: Shape, axes: readonly number[], keepDims: boolean): ReductionPlan {
  const kept = from.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const shape = keepDims
    ? from.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : kept.map((axis) => from[axis]!);
  const reduced = sizeOf(axes.map((axis) => from[axis]!));
  if (axes.every((axis, at) => at === 0 || axis === axes[at - 1]! + 1)) {
    const first = axes[0] ?? from.length;
    const [outer, inner] = [sizeOf(from.slice(0, first)), sizeOf(from.slice(first + axes.length))];
    return { outer, reduced, inner, shape, permutation: undefined };
  }
  return { outer: sizeOf(kept.map((axis) => from[axis]!)), reduced, inner: 1, shape, permutation: [...kept, ...axes] };
}
