/** How the elements of a phase are spread over the lanes of a device. */
import type { Phase } from '../../fusion/stages.ts';
import type { Space } from '../../fusion/values.ts';
import type { Extent } from './shader.ts';

/** What a device's kernels are made for. */
export interface DeviceShape {
  /** The smallest subgroup that kernels may meet; 0 where they do without. */
  readonly subgroupSize: number;
  /** Lanes of the largest workgroup that can join four numbers; a power of two. */
  readonly mostLanes: number;
  /** Buffers that a kernel may bind, and those among them that it may write. */
  readonly mostBuffers: number;
  readonly mostWrites: number;
}

/**
 * `lanes`: a lane has a row to itself. `rows`: a workgroup has one. `parts`: a workgroup has a part of a row, where nothing
 * asks for the whole of it. `flat`: the same of the only row, which may also be bound in parts.
 */
export type WalkKind = 'lanes' | 'rows' | 'parts' | 'flat';

/** A way to walk a phase. */
export interface Walk {
  readonly kind: WalkKind;
  readonly workgroupSize: number;
  /** Whether no lane has four elements in a row or more. */
  readonly isSparse: boolean;
}

/** Rows up to this length are walked by one lane. */
const shortRow = 24;
/** Rows for a workgroup of which each lane has one. */
const rowsOfGroup = 64;
/** Elements of a long row for each of its lanes, about. */
const laneShare = 16;
/** Elements of a part of a row, at least, and how many parts there are at most. */
const smallestPart = 2048;
const mostParts = 16384;

/** All that a walk depends on in a space, as text. */
export function spaceKey({ rows, columns }: Space, { mostLanes }: DeviceShape): string {
  const lanes = lanesFor(columns, mostLanes);
  return `${rows === 1} ${columns <= shortRow} ${isDivided(rows, columns)} ${lanes} ${isSparse(columns, lanes)}`;
}

/** The walk of a phase. */
export function walkOf(phase: Phase, { mostLanes }: DeviceShape): Walk {
  const { space, stages } = phase;
  const { rows, columns } = space;
  const isWalked = stages.some(({ reductions, stores }) => reductions.length + stores.length > 0);
  if (!isWalked) return { kind: 'lanes', workgroupSize: rowsOfGroup, isSparse: true };
  const kind = kindOf(rows, columns, needsWholeRow(phase));
  const lanes = lanesFor(columns, mostLanes);
  if (kind === 'lanes') return { kind, workgroupSize: rowsOfGroup, isSparse: true };
  return { kind, workgroupSize: lanes, isSparse: isSparse(columns, lanes) };
}

function kindOf(rows: number, columns: number, isWhole: boolean): WalkKind {
  if (!isWhole && rows === 1) return 'flat';
  if (columns <= shortRow) return 'lanes';
  return !isWhole && isDivided(rows, columns) ? 'parts' : 'rows';
}

/** Whether rows are so long and so few that they are divided where they can be. */
function isDivided(rows: number, columns: number): boolean {
  return rows < rowsOfGroup && columns > 2 * smallestPart;
}

/** Whether a row has numbers that take all of it, or one element of it that a label names. */
function needsWholeRow({ stages, roots }: Phase): boolean {
  if (stages.some(({ reductions }) => reductions.some(({ form }) => form === 'row'))) return true;
  const seen = new Set<unknown>();
  const picks = (value: Phase['roots'][number]): boolean => {
    if (seen.has(value)) return false;
    seen.add(value);
    return value.operation === 'pick' || value.operands.some(picks);
  };
  return roots.some(picks);
}

/** Few enough elements a lane that the rows which a large device has under way together stay in its second-level cache. */
function lanesFor(columns: number, mostLanes: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, columns / laneShare)));
  return Math.min(Math.max(64, wanted), mostLanes);
}

function isSparse(columns: number, lanes: number): boolean {
  return columns <= 3 * lanes;
}

/** A walk over a space of a size: units of work and what they see. */
export interface Geometry {
  readonly units: number;
  readonly groups: (units: number) => number;
  /** Elements that a unit sees of a buffer; 0 where it sees all. */
  readonly perUnit: Readonly<Record<Extent, number>>;
  readonly uniforms: Readonly<Record<string, number>>;
}

/** The geometry of a walk. */
export function geometryOf(
  { kind, workgroupSize }: Walk,
  { rows, columns }: Space,
): Geometry & { readonly uniforms: { readonly slots: number } } {
  const part = Math.ceil(columns / mostParts / smallestPart) * smallestPart;
  const parts = Math.ceil(columns / part);
  const whole = { rows, columns, part, parts };
  switch (kind) {
    case 'lanes': {
      const units = Math.ceil(rows / workgroupSize);
      const perUnit = { elements: workgroupSize * columns, rows: workgroupSize, whole: 0 };
      return { units, groups: (count) => count, perUnit, uniforms: { ...whole, slots: units } };
    }
    case 'rows':
      return {
        units: rows,
        groups: (count) => count,
        perUnit: { elements: columns, rows: 1, whole: 0 },
        uniforms: { ...whole, slots: rows },
      };
    case 'parts':
      return {
        units: rows,
        groups: (count) => count * parts,
        perUnit: { elements: columns, rows: 1, whole: 0 },
        uniforms: { ...whole, slots: rows * parts },
      };
    case 'flat':
      return {
        units: parts,
        groups: (count) => count,
        perUnit: { elements: part, rows: 0, whole: 0 },
        uniforms: { ...whole, slots: parts },
      };
  }
}

/** The uniforms of every walk. */
export const walkUniforms = { rows: 'u32', columns: 'u32', part: 'u32', parts: 'u32', slots: 'u32' } as const;
