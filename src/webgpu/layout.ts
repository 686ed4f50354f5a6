/** Shapes and strides as kernels need them: few axes, the same for neighbouring ones that walk alike. */
import { describeShape } from '../check.ts';
import { sizeOf } from '../tensor.ts';

/** The shape that shapes broadcast to, as in NumPy. */
export function broadcastShape(operation: string, shapes: readonly (readonly number[])[]): readonly number[] {
  return shapes.reduce((a, b) => {
    const rank = Math.max(a.length, b.length);
    return Array.from({ length: rank }, (_, axis) => {
      const fromA = a[axis - rank + a.length] ?? 1;
      const fromB = b[axis - rank + b.length] ?? 1;
      if (fromA !== fromB && fromA !== 1 && fromB !== 1) {
        throw new TypeError(
          `${operation}: shapes must broadcast to one another, got ${describeShape(a)} and ${describeShape(b)}.`,
        );
      }
      return fromA === 1 ? fromB : fromA;
    });
  }, []);
}

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = new Array(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** The strides with which a tensor of shape `from` walks a tensor of shape `to`; 0 along broadcast axes. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  return to.map((_, axis) => {
    const own = axis - to.length + from.length;
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
}

/** Extents and strides after neighbouring axes were joined wherever every operand walks them as one. */
export interface Walk {
  readonly extents: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** Joins axes: most broadcasts come down to one or two. */
export function joinAxes(shape: readonly number[], strides: readonly (readonly number[])[]): Walk {
  const extents: number[] = [];
  const joined: number[][] = strides.map(() => []);
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = extents.length - 1;
    const joins = last >= 0 && strides.every((own, at) => joined[at]![last] === own[axis]! * extent);
    if (joins) extents[last]! *= extent;
    else extents.push(extent);
    strides.forEach((own, at) => {
      if (joins) joined[at]![last] = own[axis]!;
      else joined[at]!.push(own[axis]!);
    });
  });
  return { extents, strides: joined };
}

/** Axes as a sorted list of non-negative numbers; all axes when left out. */
export function normaliseAxes(
  operation: string,
  axis: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, index) => index);
  const axes = (typeof axis === 'number' ? [axis] : axis).map((entry) => (entry < 0 ? entry + rank : entry));
  if (axes.some((entry) => entry < 0 || entry >= rank)) {
    throw new RangeError(`${operation}: axis must be within the tensor's ${rank} axes, got ${String(axis)}.`);
  }
  return [...axes].sort((first, second) => first - second);
}

/** A reduction as [outer, reduced, inner], after a permutation where the reduced axes are not neighbours. */
export interface ReductionPlan {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly shape: readonly number[];
  readonly permutation: readonly number[] | undefined;
}

/** Plans a reduction over `axes`. */
export function planReduction(shape: readonly number[], axes: readonly number[], keepDims: boolean): ReductionPlan {
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const result = keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : kept.map((axis) => shape[axis]!);
  const reduced = sizeOf(axes.map((axis) => shape[axis]!));
  if (axes.every((axis, at) => at === 0 || axis === axes[at - 1]! + 1)) {
    const first = axes[0] ?? shape.length;
    const outer = sizeOf(shape.slice(0, first));
    return { outer, reduced, inner: sizeOf(shape.slice(first + axes.length)), shape: result, permutation: undefined };
  }
  const outer = sizeOf(kept.map((axis) => shape[axis]!));
  return { outer, reduced, inner: 1, shape: result, permutation: [...kept, ...axes] };
}
