/** How a kernel call meets the device's limits: what is bound, how many units a dispatch does, and its workgroups. */
import { rangeError } from '../check.ts';
import type { KernelProgram } from './program.ts';
import type { Storage } from './storage.ts';

/** A buffer as a kernel sees it. */
export interface Binding {
  readonly storage: Storage;
  /** Elements for each unit of work, where a part of the units needs only a part of the buffer; 0 where it needs all. */
  readonly perUnit: number;
  /** The element that the units begin with. Default 0; `windowRows` finds offsets that the device takes. */
  readonly offset?: number;
  /** Elements that every unit sees, where `perUnit` is 0. Default: all from `offset` on. */
  readonly length?: number;
}

/** One use of a kernel. */
export interface KernelCall {
  /** Names the program: equal keys have equal programs. */
  readonly key: string;
  readonly build: () => KernelProgram;
  readonly reads: readonly Binding[];
  readonly writes: readonly Binding[];
  readonly uniforms?: Readonly<Record<string, number>>;
  /** Units of work: elements, rows, tiles. A dispatch does units firstUnit … firstUnit + units − 1. */
  readonly units: number;
  /** Workgroups for a number of units. */
  readonly groups: (units: number) => number;
}

/** What a binding binds for some units, in bytes. */
export function boundRange(
  { storage, perUnit, offset = 0, length }: Binding,
  first: number,
  units: number,
): { readonly offset: number; readonly size: number } {
  const start = 4 * (offset + first * perUnit);
  const wanted = perUnit === 0 ? length : units * perUnit;
  const rest = storage.bytes - start;
  return { offset: start, size: wanted === undefined ? rest : Math.min(4 * wanted, rest) };
}

/** Workgroups in one or two dimensions, since each holds only so many. */
export function spread(
  name: string,
  groups: number,
  { maxComputeWorkgroupsPerDimension: most }: GPUSupportedLimits,
): readonly [number, number] {
  if (groups <= most) return [groups, 1];
  const rows = Math.ceil(groups / most);
  if (rows > most) throw rangeError(name, 'number of workgroups', `at most ${most}² on this device`, groups);
  return [Math.ceil(groups / rows), rows];
}

/** How many units of work one dispatch may do, by the size of what it binds; 0 where not one can be bound. */
export function unitsThatFit({ reads, writes, units }: KernelCall, limits: GPUSupportedLimits): number {
  const bindings = [...reads, ...writes];
  const most = limits.maxStorageBufferBindingSize;
  const excessive = bindings.filter((binding) => boundRange(binding, 0, units).size > most);
  if (excessive.length === 0) return units;
  if (excessive.some(({ perUnit }) => perUnit === 0)) return 0;
  const widths = bindings.map(({ perUnit }) => perUnit).filter((perUnit) => perUnit > 0);
  return windowRows(widths, limits);
}

/** The same; where nothing fits, an error that names the kernel. */
export function unitsPerDispatch(name: string, call: KernelCall, limits: GPUSupportedLimits): number {
  const units = unitsThatFit(call, limits);
  if (units > 0) return units;
  const sizes = [...call.reads, ...call.writes].map((binding) => boundRange(binding, 0, call.units).size);
  throw tooLarge(name, Math.max(...sizes), limits.maxStorageBufferBindingSize);
}

/** How many rows of all these widths can be bound together, so that the next ones begin where the device lets a binding begin. */
export function windowRows(
  widths: readonly number[],
  { maxStorageBufferBindingSize, minStorageBufferOffsetAlignment }: GPUSupportedLimits,
): number {
  // Powers of two, of which the largest is a multiple of the others.
  const alignment = minStorageBufferOffsetAlignment / 4;
  const step = Math.max(...widths.map((width) => alignment / commonDivisor(width, alignment)));
  const most = Math.floor(maxStorageBufferBindingSize / (4 * Math.max(...widths)));
  return Math.floor(most / step) * step;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** The error of a tensor that no splitting fits into a binding. */
export function tooLarge(name: string, bytes: number, most: number): RangeError {
  return rangeError(
    name,
    'tensor',
    `of at most ${most} bytes here (the device's maxStorageBufferBindingSize)`,
    bytes,
    'Ask for a device with larger limits (requestWebgpuDevice does) or split the batch.',
  );
}
