/** Runs graphs on generated kernels: plans, programs, and the memory that a run needs. */
import type { Graph } from '../../fusion/graph.ts';
import { makePlanner, type Plan, type Planner, type PlannerOptions } from '../../fusion/plan.ts';
import { sizeOf } from '../../tensor.ts';
import { type KernelCall, unitsThatFit } from '../dispatch.ts';
import type { TensorStore, WebgpuTensor } from '../tensors.ts';
import { emitProgram, type FusionKernel, type FusionProgram } from './emitProgram.ts';
import { singleReductions } from './numbers.ts';
import { type Bound, numbersSource, sourceOf } from './shader.ts';
import { type DeviceShape, spaceKey } from './walk.ts';

/** Computes graphs on a device. */
export interface WebgpuExecutor {
  execute(graph: Graph<WebgpuTensor>): readonly WebgpuTensor[] | undefined;
  readonly planner: Planner<unknown>;
}

/** Settings of an executor. */
export interface WebgpuExecutorOptions {
  readonly store: TensorStore;
  readonly device: DeviceShape;
  /** For tests. */
  readonly planning?: Pick<PlannerOptions<unknown>, 'hashOf'>;
}

/** Makes an executor. */
export function webgpuExecutor({ store, device, planning = {} }: WebgpuExecutorOptions): WebgpuExecutor {
  const { runtime } = store;
  const planner = makePlanner<FusionProgram>({
    ...planning,
    variantOf: ({ spaces }) => spaces.map((space) => spaceKey(space, device)).join(),
    compile: (plan) => emitProgram(plan, device),
  });
  /** Plans whose tensors exceed what the device binds: the eager backend has other ways to divide its work. */
  const tooLarge = new WeakSet<Plan>();

  function execute(graph: Graph<WebgpuTensor>): readonly WebgpuTensor[] | undefined {
    const prepared = planner.prepare(graph);
    if (prepared === undefined || tooLarge.has(prepared.plan)) return undefined;
    const { plan, program } = prepared;
    return store.scope(() => {
      const buffers = new Map<string, WebgpuTensor>();
      const results = targetsOf(plan, graph, buffers);
      if (plan.buffers.length === 0) return results;
      addMemory(plan, program, graph, buffers);
      const calls = callsOf(plan, program, graph, (source) => buffers.get(source)!);
      // All of them, before the first one runs.
      if (calls.some((call) => unitsThatFit(call, runtime.device.limits) === 0)) {
        tooLarge.add(plan);
        return undefined;
      }
      for (const call of calls) runtime.run(call);
      return results;
    });
  }

  /** Tensors for the graph's targets; buffers of the plan that they are go to `buffers`. */
  function targetsOf(
    plan: Plan,
    graph: Graph<WebgpuTensor>,
    buffers: Map<string, WebgpuTensor>,
  ): readonly WebgpuTensor[] {
    return graph.targets.map(({ shape }, at) => {
      const value = plan.targets[at]!;
      if (value.operation === 'leaf') return store.share(graph.order[plan.leaves[value.slot]!]!.stored!, shape);
      if (value.operation === 'constant') {
        const number = value.number ?? parameterOf(plan, graph, value.slot);
        return store.fromHost({ data: new Float32Array(sizeOf(shape)).fill(number), shape });
      }
      const first = buffers.get(sourceOf(value));
      if (first !== undefined) return store.share(first, shape);
      const made = store.make(shape, 'fusion');
      buffers.set(sourceOf(value), made);
      return made;
    });
  }

  /** What the kernels bind beside the targets' buffers. */
  function addMemory(
    plan: Plan,
    { scratch }: FusionProgram,
    { order }: Graph<WebgpuTensor>,
    buffers: Map<string, WebgpuTensor>,
  ): void {
    plan.leaves.forEach((node, slot) => {
      buffers.set(`leaf ${slot}`, order[node]!.stored!);
    });
    for (const value of plan.buffers.slice(plan.outputs)) {
      buffers.set(sourceOf(value), store.make([value.size], 'fusion'));
    }
    const numbers = singleReductions({ plan }).length;
    if (numbers > 0) buffers.set(numbersSource, store.make([numbers], 'fusion'));
    for (const [source, sizeIn] of scratch) {
      const size = sizeIn(plan);
      buffers.set(source, typeof size === 'number' ? store.make([size], 'fusion') : buffers.get(size.same)!);
    }
  }

  function callsOf(
    plan: Plan,
    { kernels }: FusionProgram,
    graph: Graph<WebgpuTensor>,
    bufferOf: (source: string) => WebgpuTensor,
  ): readonly KernelCall[] {
    return kernels.flatMap((kernel) => {
      const call = callOf(kernel, plan, graph, bufferOf);
      return call === undefined ? [] : [call];
    });
  }

  function callOf(
    { source, program, reads, writes, parameters, geometry }: FusionKernel,
    plan: Plan,
    graph: Graph<WebgpuTensor>,
    bufferOf: (source: string) => WebgpuTensor,
  ): KernelCall | undefined {
    const own = geometry(plan);
    if (own === undefined) return undefined;
    const bind = (bound: Bound) => ({
      storage: store.storageOf(bufferOf(bound.source), 'fusion'),
      perUnit: own.perUnit[bound.extent],
    });
    const uniforms: Record<string, number> = { ...own.uniforms, nothing: 0 };
    parameters.forEach((slot, at) => {
      uniforms[`p${at}`] = parameterOf(plan, graph, slot);
    });
    return {
      key: source,
      build: () => program,
      reads: reads.map(bind),
      writes: writes.map(bind),
      uniforms,
      units: own.units,
      groups: own.groups,
    };
  }

  return { execute, planner };
}

/** The number of a plan's parameter. */
export function parameterOf<Stored>(plan: Plan, { order }: Graph<Stored>, slot: number): number {
  const parameter = plan.parameters[slot]!;
  return 'node' in parameter ? order[parameter.node]!.number : parameter.number;
}
