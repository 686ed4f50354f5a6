/** The memory of a plan's runs. */
import type { Shape } from '../../backend.ts';
import type { Plan } from '../../fusion/plan.ts';
import type { Transposition } from '../../fusion/transposition.ts';
import type { Value } from '../../fusion/values.ts';
import type { BlockLayout } from './block.ts';
import { walkOf } from './emitProgram.ts';
import { columnReductions, keptValues } from './memory.ts';
import { type Planes, planesOf } from './planes.ts';

/** How a transposed leaf lies in memory. */
export const lying = ({ batch, rows, columns }: Transposition): Shape => [batch, columns, rows];

/** Where a plan's memory lies in one piece: the block, what phases keep (for each thread), and buffers between phases. */
export interface Arrangement {
  readonly planes: Planes;
  /** Leaves that are transposed before. */
  readonly movedLeaves: readonly Value[];
  readonly bytes: number;
  readonly scratch: number;
  readonly scratchStep: number;
  /** Of buffers that are no results. */
  readonly buffers: readonly number[];
}

/** Finds room for a plan on some threads. */
export function arrange(plan: Plan, layout: BlockLayout, threads: number): Arrangement {
  const planes = planesOf(plan);
  const read = new Set(plan.values.flatMap(({ operands }) => operands));
  const movedLeaves = [...read].filter(
    (value) => value.operation === 'leaf' && value.transposition !== undefined && !planes.values.has(value),
  );
  const scratch = align(layout.bytes);
  const scratchStep = align(scratchBytes(plan, planes));
  let bytes = scratch + scratchStep * threads;
  const buffers = plan.buffers.slice(plan.outputs).map(({ size }) => {
    const at = bytes;
    bytes += align(size * 4);
    return at;
  });
  return { planes, movedLeaves, bytes, scratch, scratchStep, buffers };
}

const align = (bytes: number): number => (bytes + 15) & ~15;

/** Bytes that the phases of a plan need for what they keep of a row and for sums of columns. */
function scratchBytes({ phases }: Plan, planes: Planes): number {
  return phases.reduce((most, phase) => {
    const rows = walkOf(phase, planes) === 'along' ? 1 : 4;
    const own = (columnReductions(phase).length * 2 + keptValues(phase).length * rows) * phase.space.columns * 4;
    return Math.max(most, own);
  }, 0);
}
