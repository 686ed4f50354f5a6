/** Sums and maxima over the lanes of a workgroup, several numbers at a time: a barrier costs as much for four as for one. */

import type { Statements } from './shader.ts';

/** How lanes join. */
export interface LaneOptions {
  readonly workgroupSize: number;
  /** The smallest subgroup of the device; 0 where subgroups are not used. */
  readonly subgroupSize: number;
}

/** The joins of one kernel. */
export interface LaneJoins {
  /** Joins numbers of the lanes: every lane gets the names of the same ones. Every lane must come by. */
  join(how: LaneJoin, names: readonly string[], code: Statements): readonly string[];
  /** What the statements need declared, and what `main` sets first. */
  declarations(): string;
  prologue(): string;
}

/** Maxima are of numbers that are no NaN. */
export type LaneJoin = 'sum' | 'max';

/** Numbers that are joined together at most. */
const widest = 4;

const combine = { sum: 'first + second', max: 'max(first, second)' } as const;
const subgroupCalls = { sum: 'subgroupAdd', max: 'subgroupMax' } as const;

/** Makes them. */
export function laneJoins(options: LaneOptions): LaneJoins {
  const used = new Set<string>();
  let most = 0;

  return {
    join(how, names, code) {
      const joined: string[] = [];
      for (let start = 0; start < names.length; start += widest) {
        const part = names.slice(start, start + widest);
        const width = part.length;
        most = Math.max(most, width);
        used.add(`${how} ${width}`);
        const given = width > 1 ? `${typeOf(width)}(${part.join(', ')})` : part[0];
        const name = code.bind(`${how}OfLanes${width}(${given})`);
        joined.push(...part.map((_, at) => (width > 1 ? `${name}[${at}]` : name)));
      }
      return joined;
    },
    prologue() {
      if (most === 0) return '';
      return options.subgroupSize > 0 ? 'ownLane = lane;\n  subgroupExtent = lanesOfSubgroup;' : 'ownLane = lane;';
    },
    declarations() {
      if (most === 0) return '';
      const { workgroupSize, subgroupSize } = options;
      const slots = subgroupSize > 0 ? Math.ceil(workgroupSize / subgroupSize) : workgroupSize;
      const plane = 2 * slots;
      const functions = [...used].map((key) => {
        const [how, width] = key.split(' ') as [LaneJoin, string];
        return (subgroupSize > 0 ? bySubgroups : byTwoSteps)(how, Number(width), workgroupSize, slots);
      });
      return `
var<private> ownLane: u32;
var<private> half: u32;
${subgroupSize > 0 ? 'var<private> subgroupExtent: u32;' : ''}
var<workgroup> laneValues: array<f32, ${most * plane}>;
${functions.join('')}`;
    },
  };
}

const typeOf = (width: number): string => (width > 1 ? `vec${width}f` : 'f32');

// Two joins in a row use different halves of the workgroup's memory: a lane that writes for one may overtake lanes that still
// read for the last, but not for the one before, so no join ends in a barrier.
const plane = (slots: number, component: number, at: string): string =>
  `laneValues[half + ${at}${offset(slots, component)}]`;
const offset = (slots: number, component: number): string => (component > 0 ? ` + ${2 * slots * component}u` : '');

const load = (slots: number, width: number, at: string): string => {
  const parts = Array.from({ length: width }, (_, component) => plane(slots, component, at));
  return width > 1 ? `${typeOf(width)}(${parts.join(', ')})` : parts[0]!;
};
const store = (slots: number, width: number, at: string, from: string): string =>
  Array.from(
    { length: width },
    (_, component) => `${plane(slots, component, at)} = ${from}${width > 1 ? `[${component}]` : ''};`,
  ).join(' ');

/** One number for each subgroup, in the order of the lanes. */
function bySubgroups(how: LaneJoin, width: number, workgroupSize: number, slots: number): string {
  return `
fn ${how}OfLanes${width}(value: ${typeOf(width)}) -> ${typeOf(width)} {
  let whole = ${subgroupCalls[how]}(value);
  half = ${slots}u - half;
  let own = ownLane / subgroupExtent;
  if (subgroupElect()) { ${store(slots, width, 'own', 'whole')} }
  workgroupBarrier();
  var first = ${load(slots, width, '0u')};
  for (var slot = 1u; slot < ${workgroupSize}u / subgroupExtent; slot++) {
    let second = ${load(slots, width, 'slot')};
    first = ${combine[how]};
  }
  return first;
}`;
}

/** Two steps of 8 to 32 numbers each: two barriers, where halving would take a barrier for every power of two. */
function byTwoSteps(how: LaneJoin, width: number, workgroupSize: number, slots: number): string {
  const side = 2 ** Math.ceil(Math.log2(workgroupSize) / 2);
  return `
fn ${how}OfLanes${width}(value: ${typeOf(width)}) -> ${typeOf(width)} {
  half = ${slots}u - half;
  ${store(slots, width, 'ownLane', 'value')}
  workgroupBarrier();
  if (ownLane < ${side}u) {
    var first = value;
    for (var at = ownLane + ${side}u; at < ${workgroupSize}u; at += ${side}u) {
      let second = ${load(slots, width, 'at')};
      first = ${combine[how]};
    }
    ${store(slots, width, 'ownLane', 'first')}
  }
  workgroupBarrier();
  var first = ${load(slots, width, '0u')};
  for (var at = 1u; at < ${side}u; at++) {
    let second = ${load(slots, width, 'at')};
    first = ${combine[how]};
  }
  return first;
}`;
}
