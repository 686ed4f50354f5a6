/** Sums and maxima over the lanes of a workgroup, by subgroups where the device has them, else by a tree. */

/** How lanes combine. */
export interface WorkgroupOptions {
  readonly workgroupSize: number;
  /** The smallest subgroup of the device; 0 where subgroups are not used. */
  readonly subgroupSize: number;
}

/**
 * WGSL functions `sumOverRow(value)` and `maxOverRow(value)`, over numbers or vectors; every lane of the workgroup must
 * call them. `main` sets the private variables `ownLane` and, with subgroups, `subgroupExtent` first.
 */
export function laneReductions({ workgroupSize, subgroupSize }: WorkgroupOptions, type: 'f32' | 'vec2f'): string {
  const make = subgroupSize > 0 ? bySubgroups : byTree;
  return `
var<private> ownLane: u32;
${subgroupSize > 0 ? 'var<private> subgroupExtent: u32;' : ''}
var<workgroup> laneValues: array<${type}, ${workgroupSize}>;
${make('sumOverRow', type, workgroupSize, 'first + second', 'subgroupAdd')}
${make('maxOverRow', type, workgroupSize, 'max(first, second)', 'subgroupMax')}
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
function bySubgroups(name: string, type: string, workgroupSize: number, combine: string, operation: string): string {
  return `
fn ${name}(value: ${type}) -> ${type} {
  let whole = ${operation}(value);
  if (subgroupElect()) { laneValues[ownLane / subgroupExtent] = whole; }
  workgroupBarrier();
  var first = laneValues[0];
  for (var slot = 1u; slot < ${workgroupSize}u / subgroupExtent; slot++) {
    let second = laneValues[slot];
    first = ${combine};
  }
  workgroupBarrier();
  return first;
}`;
}

function byTree(name: string, type: string, workgroupSize: number, combine: string): string {
  return `
fn ${name}(value: ${type}) -> ${type} {
  laneValues[ownLane] = value;
  workgroupBarrier();
  for (var width = ${workgroupSize / 2}u; width > 0u; width /= 2u) {
    if (ownLane < width) {
      let first = laneValues[ownLane];
      let second = laneValues[ownLane + width];
      laneValues[ownLane] = ${combine};
    }
    workgroupBarrier();
  }
  let result = laneValues[0];
  workgroupBarrier();
  return result;
}`;
}
