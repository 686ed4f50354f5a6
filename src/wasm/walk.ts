/** Plans for the kernels that walk axes: how a walk is written into memory. */
import type { WalkAxis } from '../layout.ts';
import type { Pointer } from './assemblyExports.ts';

/** The most axes a plan may hold after merging. */
export const maximumAxes = 32;
/** Bytes of a plan in memory. */
export const planBytes: number = maximumAxes * 20;

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
