/** A plan as kernels in the order in which they run, each within what a device lets a kernel bind. */
import type { Plan } from '../../fusion/plan.ts';
import type { Phase } from '../../fusion/stages.ts';
import { isColumnReduction, isReduction, type Value } from '../../fusion/values.ts';
import { type KernelProgram, sourceOf as wgslOf } from '../program.ts';
import { columnGeometry, columnKernel, joinGeometry, joinSegments, segmentsOf } from './columnKernel.ts';
import { joinsOf, numberGeometry, numberKernel, segmentGeometry, segmentKernel } from './numberKernel.ts';
import { rowKernel } from './rowKernel.ts';
import { type Bound, type Shader, sourceOf } from './shader.ts';
import { fits, splitWork } from './split.ts';
import { type DeviceShape, type Geometry, geometryOf } from './walk.ts';

/** A kernel of a program: it names what it binds, and is told sizes when it runs. */
export interface FusionKernel {
  /** Its WGSL, by which equal kernels of different plans are one. */
  readonly source: string;
  readonly program: KernelProgram;
  readonly reads: readonly Bound[];
  readonly writes: readonly Bound[];
  /** The plan's parameters that its uniforms hold. */
  readonly parameters: readonly number[];
  /** Its work in a plan of the program's structure; undefined where that plan has none for it. */
  geometry(plan: Plan): Geometry | undefined;
}

/** How many numbers a piece of memory holds in a plan, or what other memory it is there. */
type ScratchSize = (plan: Plan) => number | { readonly same: string };

/** What a plan comes to. */
export interface FusionProgram {
  readonly kernels: readonly FusionKernel[];
  /** Memory between kernels. */
  readonly scratch: ReadonlyMap<string, ScratchSize>;
}

interface Builder {
  readonly plan: Plan;
  readonly device: DeviceShape;
  readonly kernels: FusionKernel[];
  readonly scratch: Map<string, ScratchSize>;
}

/** Parts of single numbers that the kernels of a phase leave. */
interface Parts {
  readonly source: string;
  readonly values: readonly Value[];
  slots(plan: Plan): number;
}

/** Writes the program of a plan; undefined where a device cannot bind what a kernel needs. */
export function emitProgram(plan: Plan, device: DeviceShape): FusionProgram | undefined {
  const builder: Builder = { plan, device, kernels: [], scratch: new Map() };
  const results = plan.values.filter((value) => value.form === 'single' && value.buffer >= 0);
  const left: Parts[] = [];
  for (const [at, phase] of plan.phases.entries()) {
    // What an earlier phase has left is joined before the next one reads it.
    for (const parts of left.splice(0)) addJoin(builder, parts);
    const parts = addPhase(builder, phase, at);
    if (parts === undefined) return undefined;
    left.push(...parts);
  }
  const last = left.pop();
  for (const parts of left) addJoin(builder, parts);
  if (last !== undefined && addJoinWithResults(builder, last, results)) return builder;
  if (last !== undefined) addJoin(builder, last);
  return addResults(builder, results) ? builder : undefined;
}

function add(
  { kernels }: Builder,
  { shader, program }: { readonly shader: Shader; readonly program: KernelProgram },
  geometry: FusionKernel['geometry'],
): void {
  const { reads, writes, parameters } = shader;
  kernels.push({ source: wgslOf(program), program, reads, writes, parameters, geometry });
}

/** The kernels of a phase, and what they leave to be joined; undefined where they cannot be bound. */
function addPhase(builder: Builder, phase: Phase, at: number): readonly Parts[] | undefined {
  const { plan, device } = builder;
  const spaceId = phase.space.id;
  const ofColumns = phase.roots.filter(isColumnReduction);
  // Sums of columns walk columns; what takes a row to compute goes through memory first.
  const between = new Map<Value, string>();
  for (const { operands } of ofColumns) {
    const [x] = operands as readonly [Value];
    if (phase.isLoaded(x) || phase.stageOf(x) === 0) continue;
    between.set(x, x.buffer >= 0 ? sourceOf(x) : `elements ${at}.${between.size}`);
  }
  for (const [value, source] of between) {
    if (value.buffer < 0) builder.scratch.set(source, ({ spaces }) => spaces[spaceId]!.rows * spaces[spaceId]!.columns);
  }
  const own = phase.roots.filter((root) => !isColumnReduction(root));
  const stored = [...between.keys()].filter((value) => !own.includes(value));
  // Single numbers first: their parts are one buffer.
  const roots = [...own.filter(isReduction), ...own.filter((root) => !isReduction(root)), ...stored];
  let made = 0;
  const partsName = (): string => `parts ${at}.${made++}`;
  const rows = splitWork(roots, (some) => rowKernel(plan, phase.only(some), partsName(), between, device), device);
  if (rows === undefined) return undefined;
  const parts: Parts[] = [];
  for (const kernel of rows) {
    const { walk, parts: values, source } = kernel;
    const geometry: FusionKernel['geometry'] = ({ spaces }) => geometryOf(walk, spaces[spaceId]!);
    add(builder, kernel, geometry);
    if (values.length === 0) continue;
    const slots = ({ spaces }: Plan): number => geometryOf(walk, spaces[spaceId]!).uniforms.slots;
    builder.scratch.set(source, (of) => values.length * slots(of));
    parts.push({ source, values, slots });
  }
  return addColumns(builder, phase, at, ofColumns, between) ? parts : undefined;
}

/** Sums of columns, in segments of the rows and joined. */
function addColumns(
  builder: Builder,
  phase: Phase,
  at: number,
  values: readonly Value[],
  between: ReadonlyMap<Value, string>,
): boolean {
  const { plan, device, scratch } = builder;
  const spaceId = phase.space.id;
  const segments = (value: Value): string => `columns ${at}.${value.id}`;
  const made = splitWork(values, (some) => columnKernel(plan, phase, some, some.map(segments), between), device);
  if (made === undefined) return false;
  for (const kernel of made) add(builder, kernel, ({ spaces }) => columnGeometry(spaces[spaceId]!));
  for (const value of values) {
    const target = sourceOf(value);
    scratch.set(segments(value), ({ spaces }) => {
      const count = segmentsOf(spaces[spaceId]!).segments;
      return count === 1 ? { same: target } : count * spaces[spaceId]!.columns;
    });
    add(builder, joinSegments(plan, value, segments(value)), ({ spaces }) => joinGeometry(spaces[spaceId]!));
  }
  return true;
}

/** Joins parts, those of many workgroups in segments first; the name of what is left. */
function addSegments(builder: Builder, { source, values, slots }: Parts): string {
  const joined = `joined ${source}`;
  builder.scratch.set(joined, (of) => {
    const count = joinsOf(slots(of));
    return count === 1 ? { same: source } : values.length * count;
  });
  add(builder, segmentKernel(builder.plan, { source, values }, joined), (of) => segmentGeometry(slots(of)));
  return joined;
}

/** Single numbers of parts, for kernels that follow. */
function addJoin(builder: Builder, parts: Parts): void {
  const { plan } = builder;
  const joined = { source: addSegments(builder, parts), values: parts.values };
  const kernel = numberKernel({ plan, joined, kept: parts.values, results: [] });
  add(builder, kernel, (of) => numberGeometry(parts.slots(of)));
}

/** The last parts and all results in one kernel, where it can bind them. */
function addJoinWithResults(builder: Builder, parts: Parts, results: readonly Value[]): boolean {
  const { plan, device } = builder;
  const whole = numberKernel({
    plan,
    joined: { source: `joined ${parts.source}`, values: parts.values },
    kept: [],
    results,
  });
  if (results.length === 0 || !fits(whole.shader, device)) return false;
  addSegments(builder, parts);
  add(builder, whole, (of) => numberGeometry(parts.slots(of)));
  return true;
}

/** Results made of single numbers that are known; false where they cannot be bound. */
function addResults(builder: Builder, results: readonly Value[]): boolean {
  const { plan, device } = builder;
  const joined = { source: '', values: [] };
  const made = splitWork(results, (some) => numberKernel({ plan, joined, kept: [], results: some }), device);
  for (const kernel of made ?? []) add(builder, kernel, () => numberGeometry(1));
  return made !== undefined;
}
