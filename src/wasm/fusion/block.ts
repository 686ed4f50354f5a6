/**
 * The block of memory through which the host tells a program what to work on, and in which phases leave the single numbers
 * of their reductions for the phases after them.
 */
import type { Plan } from '../../fusion/plan.ts';
import { isReduction, type Value } from '../../fusion/values.ts';

/** Byte offsets in a program's block; they depend on the plan's structure alone. */
export interface BlockLayout {
  /** Of each space the number of rows, the bytes of a row, and the rows of a plane, 32 bits each. */
  readonly spaces: number;
  /** A pointer to each leaf. */
  readonly leaves: number;
  /** A pointer to each of the plan's buffers. */
  readonly buffers: number;
  /** Parameters in float64. */
  readonly parameters: number;
  /** Single numbers of reductions in float64. */
  readonly reductions: number;
  readonly bytes: number;
}

/** Bytes of a space in the block. */
export const spaceBytes = 12;

/** The reductions to single numbers, in the order in which the block holds them. */
export function singleReductions({ values }: Plan): readonly Value[] {
  return values.filter((value) => value.form === 'single' && isReduction(value));
}

/** The layout of a plan's block. */
export function blockLayout(plan: Plan): BlockLayout {
  const spaces = 0;
  const leaves = spaces + plan.spaces.length * spaceBytes;
  const buffers = leaves + plan.leaves.length * 4;
  const parameters = (buffers + plan.buffers.length * 4 + 7) & ~7;
  const reductions = parameters + plan.parameters.length * 8;
  return { spaces, leaves, buffers, parameters, reductions, bytes: reductions + singleReductions(plan).length * 8 };
}
