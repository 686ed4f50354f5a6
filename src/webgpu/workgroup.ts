/** Sums and maxima over the lanes of a workgroup, by subgroups where the device has them, else in two steps. */

/** How lanes combine. */
export interface WorkgroupOptions {
  readonly workgroupSize: number;
  /** The smallest subgroup of the device; 0 where subgroups are not used. */
  readonly subgroupSize: number;
}

/**
 * WGSL functions `sumOverRow(value)` and `maxOverRow(value)`, over numbers or vectors; every lane of the workgroup must
 * call them. `main` sets the private variables `ownLane` and, with subgroups, `subgroupExtent` first.
 *
 * Two calls in a row use different halves of the workgroup's memory: a lane that writes for one may overtake lanes that
 * still read for the last, but not for the one before, so no call ends in a barrier.
 */
export function laneReductions(options: WorkgroupOptions, type: 'f32' | 'vec2f'): string {
  const { workgroupSize, subgroupSize } = options;
  const make = subgroupSize > 0 ? bySubgroups : byTwoSteps;
  const slots = subgroupSize > 0 ? Math.ceil(workgroupSize / subgroupSize) : workgroupSize;
  return `
var<private> ownLane: u32;
var<private> half: u32;
${subgroupSize > 0 ? 'var<private> subgroupExtent: u32;' : ''}
var<workgroup> laneValues: array<${type}, ${2 * slots}>;
${make('sumOverRow', type, workgroupSize, slots, 'first + second', 'subgroupAdd')}
${make('maxOverRow', type, workgroupSize, slots, 'max(first, second)', 'subgroupMax')}
`;
}

/** The same functions where a lane has a row to itself. */
export function singleLane(type: 'f32' | 'vec2f'): string {
  return `
fn sumOverRow(value: ${type}) -> ${type} { return value; }
fn maxOverRow(value: ${type}) -> ${type} { return value; }
`;
}

/** One number for each subgroup, in the order of the lanes. */
function bySubgroups(
  name: string,
  type: string,
  workgroupSize: number,
  slots: number,
  combine: string,
  operation: string,
): string {
  return `
fn ${name}(value: ${type}) -> ${type} {
  let whole = ${operation}(value);
  half = ${slots}u - half;
  if (subgroupElect()) { laneValues[half + ownLane / subgroupExtent] = whole; }
  workgroupBarrier();
  var first = laneValues[half];
  for (var slot = 1u; slot < ${workgroupSize}u / subgroupExtent; slot++) {
    let second = laneValues[half + slot];
    first = ${combine};
  }
  return first;
}`;
}

/** Two steps of 8 to 32 numbers each: two barriers, where halving would take a barrier for every power of two. */
function byTwoSteps(name: string, type: string, workgroupSize: number, slots: number, combine: string): string {
  const side = 2 ** Math.ceil(Math.log2(workgroupSize) / 2);
  return `
fn ${name}(value: ${type}) -> ${type} {
  half = ${slots}u - half;
  laneValues[half + ownLane] = value;
  workgroupBarrier();
  if (ownLane < ${side}u) {
    var first = laneValues[half + ownLane];
    for (var at = ownLane + ${side}u; at < ${workgroupSize}u; at += ${side}u) {
      let second = laneValues[half + at];
      first = ${combine};
    }
    laneValues[half + ownLane] = first;
  }
  workgroupBarrier();
  var first = laneValues[half];
  for (var at = 1u; at < ${side}u; at++) {
    let second = laneValues[half + at];
    first = ${combine};
  }
  return first;
}`;
}

/**
 * Statements after which lane 0 finds in `lanes[0]` the numbers of all lanes, joined; `combine` joins `first` and `second`.
 * Every lane has written its number to the workgroup array `lanes` before.
 */
export function joinLanes(workgroupSize: number, combine: string): string {
  const side = 8;
  return `
  workgroupBarrier();
  if (lane < ${side}u) {
    var first = lanes[lane];
    for (var other = lane + ${side}u; other < ${workgroupSize}u; other += ${side}u) {
      let second = lanes[other];
      first = ${combine};
    }
    lanes[lane] = first;
  }
  workgroupBarrier();
  if (lane == 0u) {
    var first = lanes[0];
    for (var other = 1u; other < ${side}u; other++) {
      let second = lanes[other];
      first = ${combine};
    }
    lanes[0] = first;
  }`;
}
