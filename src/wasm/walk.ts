/** Plans for the kernels that walk axes: axes of extent 1 dropped, axes that can be walked as one merged. */
import type { Shape } from '../backend.ts';
import { stridesOf } from '../cpu/layout.ts';
import type { Pointer } from './instance.ts';

/** An axis of a walk: its extent, and the stride (in elements) of each operand. */
export interface WalkAxis {
  extent: number;
  strides: number[];
}

/** The most axes a plan may hold after merging. */
export const maximumAxes = 32;
/** Bytes of a plan in memory. */
export const planBytes: number = maximumAxes * 20;

/** Strides of a tensor within a shape that it broadcasts to: 0 along axes that it repeats. */
export function broadcastStrides(from: Shape, shape: Shape): number[] {
  const strides = stridesOf(from);
  return shape.map((_, axis) => {
    const own = axis - shape.length + from.length;
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
}

/** Merges neighbouring axes where one step of the outer equals all steps of the inner, for every operand. */
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

/** Writes outer axes as the odometer of the kernels reads them, innermost first. Returns their number. */
export function writePlan(words: Uint32Array, plan: Pointer, axes: readonly WalkAxis[]): number {
  let at = plan / 4;
  for (const { extent, strides } of axes.toReversed()) {
    words[at] = extent;
    words[at + 1] = 0;
    for (let operand = 0; operand < 3; operand++) words[at + 2 + operand] = (strides[operand] ?? 0) * 4;
    at += 5;
  }
  return axes.length;
}
