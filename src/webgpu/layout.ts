/** Shapes and strides as shaders need them: the extents of a walk, and the strides of each operand along it. */
import type { Shape } from '../backend.ts';
import { mergeAxes } from '../layout.ts';

/** Extents and strides after neighbouring axes were joined wherever every operand walks them as one. */
export interface Walk {
  readonly extents: Shape;
  readonly strides: readonly (readonly number[])[];
}

/** Joins axes: most broadcasts come down to one or two. */
export function joinAxes(shape: Shape, strides: readonly (readonly number[])[]): Walk {
  const axes = mergeAxes(shape, strides);
  return {
    extents: axes.map(({ extent }) => extent),
    strides: strides.map((_, operand) => axes.map((axis) => axis.strides[operand]!)),
  };
}
