/** Runs graphs on generated kernels: plans, programs, and the memory that a run needs. A host says what its tensors are. */
import type { Graph } from '../../fusion/graph.ts';
import { makePlanner, type Plan, type Planner, type PlannerOptions } from '../../fusion/plan.ts';
import { type HostTensor, sizeOf } from '../../tensor.ts';
import { emitProgram, type FusionKernel, type FusionProgram } from './emitProgram.ts';
import { singleReductions } from './numbers.ts';
import { type Bound, numbersSource, sourceOf } from './shader.ts';
import { type DeviceShape, type Geometry, spaceKey } from './walk.ts';

/** One use of a kernel on tensors of a host. */
export interface FusionCall<T> {
  readonly kernel: FusionKernel;
  readonly reads: readonly BoundTensor<T>[];
  readonly writes: readonly BoundTensor<T>[];
  readonly uniforms: Readonly<Record<string, number>>;
  readonly geometry: Geometry;
}

/** A tensor that a kernel binds, and how many elements of it a unit of work sees; 0 where it sees all. */
export interface BoundTensor<T> {
  readonly tensor: T;
  readonly perUnit: number;
}

/** Tensors on a device that runs WGSL. */
export interface FusionHost<T> {
  /** Frees what is made inside, but for the result. */
  scope<Result>(compute: () => Result): Result;
  /** A tensor for kernels to write. */
  make(shape: readonly number[]): T;
  /** Another tensor with the same numbers. */
  share(tensor: T, shape: readonly number[]): T;
  fromHost(tensor: HostTensor): T;
  /** Runs kernels in their order; false, and none of them has run, where the device cannot bind what one of them needs. */
  run(calls: readonly FusionCall<T>[]): boolean;
}

/** Computes graphs on a host; undefined where the eager backend is to do it. */
export interface FusionExecutor<T> {
  execute(graph: Graph<T>): readonly T[] | undefined;
  readonly planner: Planner<unknown>;
}

/** Makes an executor of kernels for a device. */
export function fusionExecutor<T>(
  host: FusionHost<T>,
  device: DeviceShape,
  planning: Pick<PlannerOptions<unknown>, 'hashOf'> = {},
): FusionExecutor<T> {
  const planner = makePlanner<FusionProgram>({
    ...planning,
    variantOf: ({ spaces }) => spaces.map((space) => spaceKey(space, device)).join(),
    compile: (plan) => emitProgram(plan, device),
  });
  /** Plans whose tensors exceed what the device binds: the eager backend has other ways to divide its work. */
  const tooLarge = new WeakSet<Plan>();

  return {
    planner,
    execute(graph) {
      const prepared = planner.prepare(graph);
      if (prepared === undefined || tooLarge.has(prepared.plan)) return undefined;
      const { plan, program } = prepared;
      return host.scope(() => {
        const buffers = new Map<string, T>();
        const results = targetsOf(host, plan, graph, buffers);
        if (plan.buffers.length === 0) return results;
        addMemory(host, plan, program, graph, buffers);
        const calls = program.kernels.flatMap((kernel) => {
          const geometry = kernel.geometry(plan);
          return geometry === undefined ? [] : [callOf(kernel, geometry, plan, graph, buffers)];
        });
        if (host.run(calls)) return results;
        tooLarge.add(plan);
        return undefined;
      });
    },
  };
}

/** Tensors for the graph's targets; buffers of the plan that they are go to `buffers`. */
function targetsOf<T>(host: FusionHost<T>, plan: Plan, graph: Graph<T>, buffers: Map<string, T>): readonly T[] {
  return graph.targets.map(({ shape }, at) => {
    const value = plan.targets[at]!;
    if (value.operation === 'leaf') return host.share(graph.order[plan.leaves[value.slot]!]!.stored!, shape);
    if (value.operation === 'constant') {
      const number = value.number ?? parameterOf(plan, graph, value.slot);
      return host.fromHost({ data: new Float32Array(sizeOf(shape)).fill(number), shape });
    }
    const first = buffers.get(sourceOf(value));
    if (first !== undefined) return host.share(first, shape);
    const made = host.make(shape);
    buffers.set(sourceOf(value), made);
    return made;
  });
}

/** What the kernels bind beside the targets' buffers. */
function addMemory<T>(
  host: FusionHost<T>,
  plan: Plan,
  { scratch }: FusionProgram,
  { order }: Graph<T>,
  buffers: Map<string, T>,
): void {
  plan.leaves.forEach((node, slot) => {
    buffers.set(`leaf ${slot}`, order[node]!.stored!);
  });
  for (const value of plan.buffers.slice(plan.outputs)) buffers.set(sourceOf(value), host.make([value.size]));
  const numbers = singleReductions({ plan }).length;
  if (numbers > 0) buffers.set(numbersSource, host.make([numbers]));
  for (const [source, sizeIn] of scratch) {
    const size = sizeIn(plan);
    buffers.set(source, typeof size === 'number' ? host.make([size]) : buffers.get(size.same)!);
  }
}

function callOf<T>(
  kernel: FusionKernel,
  geometry: Geometry,
  plan: Plan,
  graph: Graph<T>,
  buffers: ReadonlyMap<string, T>,
): FusionCall<T> {
  const bind = ({ source, extent }: Bound): BoundTensor<T> => ({
    tensor: buffers.get(source)!,
    perUnit: geometry.perUnit[extent],
  });
  const uniforms: Record<string, number> = { ...geometry.uniforms, nothing: 0 };
  kernel.parameters.forEach((slot, at) => {
    uniforms[`p${at}`] = parameterOf(plan, graph, slot);
  });
  return { kernel, reads: kernel.reads.map(bind), writes: kernel.writes.map(bind), uniforms, geometry };
}

/** The number of a plan's parameter. */
function parameterOf<T>(plan: Plan, { order }: Graph<T>, slot: number): number {
  const parameter = plan.parameters[slot]!;
  return 'node' in parameter ? order[parameter.node]!.number : parameter.number;
}
