/** Shapes and strides: how broadcasting and reductions walk row-major arrays. */
import { describeShape } from '../check.ts';
import { sizeOf } from '../tensor.ts';

/** The shape that two shapes broadcast to. */
export function broadcastShapes(operation: string, a: readonly number[], b: readonly number[]): number[] {
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
}

/** For each element of `shape`, the offset of the element of a tensor of shape `from` that broadcasts to it. */
export function broadcastOffsets(from: readonly number[], shape: readonly number[]): Int32Array {
  const strides = stridesOf(from);
  const walk = shape.map((_, axis) => {
    const own = axis - shape.length + from.length;
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
  return offsetsOf(shape, walk);
}

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Offsets of all elements of `shape`, in row-major order, under the given strides. */
export function offsetsOf(shape: readonly number[], strides: readonly number[]): Int32Array {
  let offsets = new Int32Array([0]);
  shape.forEach((extent, axis) => {
    const next = new Int32Array(offsets.length * extent);
    for (let outer = 0; outer < offsets.length; outer++) {
      for (let inner = 0; inner < extent; inner++) {
        next[outer * extent + inner] = offsets[outer]! + inner * strides[axis]!;
      }
    }
    offsets = next;
  });
  return offsets;
}

/** Axes as a sorted list of non-negative numbers; all axes when left out. */
export function normaliseAxes(
  operation: string,
  axis: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, index) => index);
  const axes = (typeof axis === 'number' ? [axis] : axis).map((entry) => (entry < 0 ? entry + rank : entry));
  const outside = axes.find((entry) => entry < 0 || entry >= rank);
  if (outside !== undefined) {
    throw new RangeError(`${operation}: axis must be within the tensor's ${rank} axes, got ${String(axis)}.`);
  }
  return [...axes].sort((first, second) => first - second);
}

/** How a reduction regroups a shape: [outer, reduced, inner] when the reduced axes are adjacent. */
export interface Reduction {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly shape: number[];
  /** The permutation that makes the reduced axes the last ones; undefined when they are adjacent already. */
  readonly permutation: readonly number[] | undefined;
}

/** Plans a reduction over axes. */
export function planReduction(shape: readonly number[], axes: readonly number[], keepDims: boolean): Reduction {
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const result = keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : kept.map((axis) => shape[axis]!);
  const adjacent = axes.every((axis, index) => index === 0 || axis === axes[index - 1]! + 1);
  const reduced = sizeOf(axes.map((axis) => shape[axis]!));
  if (adjacent || axes.length === 0) {
    const first = axes[0] ?? shape.length;
    const outer = sizeOf(shape.slice(0, first));
    return { outer, reduced, inner: sizeOf(shape.slice(first + axes.length)), shape: result, permutation: undefined };
  }
  return {
    outer: sizeOf(kept.map((axis) => shape[axis]!)),
    reduced,
    inner: 1,
    shape: result,
    permutation: [...kept, ...axes],
  };
}
