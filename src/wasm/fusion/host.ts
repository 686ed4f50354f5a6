/** Runs graphs on generated kernels: plans, programs, and the memory that a run needs. */
import type { Graph } from '../../fusion/graph.ts';
import { makePlanner, type Plan, type Planner, type PlannerOptions } from '../../fusion/plan.ts';
import type { Value } from '../../fusion/values.ts';
import { canCompile } from '../instance.ts';
import type { TensorStore, WasmTensor } from '../tensors.ts';
import { tableBytes, writeTable } from './arithmetic.ts';
import { type BlockLayout, blockLayout } from './block.ts';
import { emitProgram, walkOf } from './emitProgram.ts';
import { columnReductions, keptValues } from './memory.ts';

type PhaseFunction = (block: number, first: number, end: number, reductions: number, scratch: number) => void;

/** A program's functions; of phases with sums of columns, the one that ends them. */
interface Program {
  readonly layout: BlockLayout;
  readonly phases: readonly PhaseFunction[];
  readonly columns: readonly (((block: number, scratch: number) => void) | undefined)[];
  readonly results: (block: number) => void;
}

/** What programs run on. */
export interface FusionHost {
  readonly store: TensorStore;
  readonly memory: WebAssembly.Memory;
  readonly relaxed: boolean;
  readonly shared: boolean;
  /** For tests. */
  readonly planning?: Pick<PlannerOptions<unknown>, 'hashOf'>;
}

/** Computes graphs on one backend's memory. */
export interface WasmExecutor {
  execute(graph: Graph<WasmTensor>): readonly WasmTensor[] | undefined;
  readonly planner: Planner<unknown>;
  /** Bytes of memory that are taken for good. */
  readonly ownBytes: number;
}

/** Makes an executor. */
export function wasmExecutor({ store, memory, relaxed, shared, planning = {} }: FusionHost): WasmExecutor {
  const { arena } = store;
  const table = arena.allocate(tableBytes);
  writeTable(memory.buffer, table);

  const planner = makePlanner<Program>({
    ...planning,
    variantOf: ({ phases }) => phases.map(walkOf).join(),
    compile(plan) {
      const exports = instantiate(emitProgram(plan, { table, relaxed, shared }), memory);
      if (exports === undefined) return undefined;
      return {
        layout: blockLayout(plan),
        phases: plan.phases.map((_, at) => exports[`phase${at}`] as PhaseFunction),
        columns: plan.phases.map((_, at) => exports[`columns${at}`] as Program['columns'][number]),
        results: exports.results as Program['results'],
      };
    },
  });

  function execute(graph: Graph<WasmTensor>): readonly WasmTensor[] | undefined {
    const prepared = planner.prepare(graph);
    if (prepared === undefined) return undefined;
    const { plan, program } = prepared;
    const { order } = graph;
    const made: WasmTensor[] = [];
    const results = graph.targets.map(({ shape }, at) => {
      const value = plan.targets[at]!;
      if (value.operation === 'leaf') return store.share(order[plan.leaves[value.slot]!]!.stored!, shape);
      if (value.operation === 'constant') return constantTensor(numberOf(plan, graph, value), shape);
      const first = made[value.buffer];
      if (first !== undefined) return store.share(first, shape);
      // A single number keeps the digits of its sums until it is read or used.
      const tensor = store.make(shape, value.form === 'single' ? 'float64' : 'float32');
      made[value.buffer] = tensor;
      return tensor;
    });
    if (plan.buffers.length > 0) run(plan, program, graph, made);
    return results;
  }

  function constantTensor(number: number, shape: readonly number[]): WasmTensor {
    const tensor = store.make(shape);
    store.view('fusion', tensor).fill(number);
    return tensor;
  }

  function run(
    plan: Plan,
    { layout, phases, columns, results }: Program,
    graph: Graph<WasmTensor>,
    made: readonly WasmTensor[],
  ): void {
    const { order } = graph;
    const leaves = plan.leaves.map((index) => store.pointerTo('fusion', order[index]!.stored!));
    // One piece of memory: the block, what phases keep, and buffers between phases.
    const scratchAt = align(layout.bytes);
    let bytes = scratchAt + align(scratchBytes(plan));
    const offsets = plan.buffers.slice(plan.outputs).map(({ size }) => {
      const at = bytes;
      bytes += align(size * 4);
      return at;
    });
    store.withScratch(bytes, (block) => {
      const words = arena.words();
      const doubles = arena.doubles();
      let at = (block + layout.spaces) / 4;
      for (const { rows, columns: extent } of plan.spaces) {
        words[at++] = rows;
        words[at++] = extent * 4;
      }
      for (const pointer of leaves) words[at++] = pointer;
      for (const { storage } of made) words[at++] = storage.pointer;
      for (const offset of offsets) words[at++] = block + offset;
      at = (block + layout.parameters) / 8;
      for (const parameter of plan.parameters) {
        doubles[at++] = 'node' in parameter ? order[parameter.node]!.number : parameter.number;
      }
      const reductions = block + layout.reductions;
      const scratch = block + scratchAt;
      plan.phases.forEach(({ space }, index) => {
        phases[index]!(block, 0, space.rows, reductions, scratch);
        columns[index]?.(block, scratch);
      });
      results(block);
    });
  }

  return { execute, planner, ownBytes: Math.ceil(tableBytes / 64) * 64 };
}

function numberOf(plan: Plan, { order }: Graph<WasmTensor>, { number, slot }: Value): number {
  if (number !== undefined) return number;
  const parameter = plan.parameters[slot]!;
  return 'node' in parameter ? order[parameter.node]!.number : parameter.number;
}

const align = (bytes: number): number => (bytes + 15) & ~15;

/** Bytes that the phases of a plan need for what they keep of a row and for sums of columns. */
function scratchBytes({ phases }: Plan): number {
  return phases.reduce((most, phase) => {
    const rows = walkOf(phase) === 'across' ? 4 : 1;
    const own = (columnReductions(phase).length * 2 + keptValues(phase).length * rows) * phase.space.columns * 4;
    return Math.max(most, own);
  }, 0);
}

/** A module's functions; undefined where the engine forbids code that is made at run time. */
function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
): Readonly<Record<string, unknown>> | undefined {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
  } catch (error) {
    if (canCompile()) throw error;
    return undefined;
  }
}
