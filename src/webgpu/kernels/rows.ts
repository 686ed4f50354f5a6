/** Kernels over rows: a lane for each short row, a workgroup for each long one. */
import type { KernelProgram } from '../program.ts';
import { laneReductions, singleLane } from '../workgroup.ts';

/** A kernel over rows before it is known how many lanes a row gets. */
export interface RowProgram extends Omit<KernelProgram, 'workgroupSize' | 'subgroups'> {
  /** What the lanes of a row sum and maximise: numbers, or pairs of them. */
  readonly vector: 'f32' | 'vec2f';
  /**
   * The body sees `row` (within this dispatch), `origin` = row·classes, and walks `at` from `first` by `step` below
   * `uniforms.classes`; `leader` is true in one lane of a row. `sumOverRow` and `maxOverRow` join the lanes.
   */
  readonly body: string;
}

/** How rows are laid out over lanes. */
export interface RowLayout {
  readonly key: string;
  readonly program: (program: RowProgram) => KernelProgram;
  readonly groups: (rows: number) => number;
}

/** Rows up to this length are walked by one lane. */
const SHORT_ROW = 24;

/** Chooses the layout by the length of a row. */
export function rowLayout(classes: number, subgroupSize: number): RowLayout {
  const workgroupSize = classes > 1024 ? 256 : 64;
  const short = classes <= SHORT_ROW;
  return {
    key: short ? 'short' : `${workgroupSize} ${subgroupSize}`,
    groups: (rows) => (short ? Math.ceil(rows / 64) : rows),
    program: ({ vector, body, declarations = '', ...program }) => ({
      ...program,
      workgroupSize: short ? 64 : workgroupSize,
      subgroups: !short && subgroupSize > 0,
      declarations: `${declarations}
fn lowest() -> f32 { return -3.4028234e38; }
${short ? singleLane(vector) : laneReductions({ workgroupSize, subgroupSize }, vector)}`,
      body: `
  let row = ${short ? 'index' : 'group'};
  if (row >= uniforms.units) { return; }
  ${short ? '' : 'ownLane = lane;'}
  ${!short && subgroupSize > 0 ? 'subgroupExtent = lanesOfSubgroup;' : ''}
  let first = ${short ? '0u' : 'lane'};
  let step = ${short ? 1 : workgroupSize}u;
  let leader = first == 0u;
  let origin = row * uniforms.classes;
${body}`,
    }),
  };
}
