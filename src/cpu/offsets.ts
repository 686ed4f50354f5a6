/** Where in an array the elements of a walk over axes lie. */
import type { Shape } from '../backend.ts';
import { broadcastStrides } from '../layout.ts';

/** For each element of `shape`, the offset of the element of a tensor of shape `from` that broadcasts to it. */
export function broadcastOffsets(from: Shape, shape: Shape): Int32Array {
  return offsetsOf(shape, broadcastStrides(from, shape));
}

/** Whether a tensor of shape `from` broadcasts to `shape` by being repeated as a whole: a number, or a row for every row. */
export function repeatsWhole(from: Shape, shape: Shape): boolean {
  const first = from.findIndex((extent) => extent !== 1);
  const own = first < 0 ? [] : from.slice(first);
  return own.every((extent, axis) => extent === shape[shape.length - own.length + axis]);
}

/** Offsets of all elements of `shape`, in row-major order, under the given strides. */
export function offsetsOf(shape: Shape, strides: readonly number[]): Int32Array {
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
