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
  /** Whether no lane has four elements of a row or more. */
  readonly isSparse: boolean;
  readonly program: (program: RowProgram) => KernelProgram;
  readonly groups: (rows: number) => number;
}

/** Rows up to this length are walked by one lane. */
const SHORT_ROW = 24;

/**
 * Elements of a row for each of its lanes, about. Few enough that the rows which a large device has under way together
 * (some 2 000 lanes on each of 130 cores, two arrays of 4 bytes) stay in its second-level cache until they are read again.
 */
const LANE_SHARE = 16;

/**
 * Chooses the layout by the length of a row.
 *
 * @param mostLanes The largest workgroup that the device takes, a power of two; 256 is what WebGPU warrants.
 */
export function rowLayout(classes: number, subgroupSize: number, mostLanes = 256): RowLayout {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, classes / LANE_SHARE)));
  const workgroupSize = Math.min(Math.max(64, wanted), mostLanes);
  const short = classes <= SHORT_ROW;
  const isSparse = !short && classes <= 3 * workgroupSize;
  return {
    key: short ? 'short' : `${workgroupSize} ${subgroupSize}${isSparse ? ' sparse' : ''}`,
    isSparse,
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
