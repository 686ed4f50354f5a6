/** Runs graphs on generated kernels: plans, programs, and the memory that a run needs. */
import type { Graph } from '../../fusion/graph.ts';
import { makePlanner, type Plan, type Planner, type PlannerOptions } from '../../fusion/plan.ts';
import type { Phase } from '../../fusion/stages.ts';
import type { Value, ValueOperation } from '../../fusion/values.ts';
import { canCompile } from '../instance.ts';
import type { TensorStore, WasmTensor } from '../tensors.ts';
import { type AddedModule, rangesOver, type Threads } from '../threads.ts';
import { type BlockLayout, blockLayout, singleReductions } from './block.ts';
import { tableBytes, writeTable } from './constants.ts';
import { emitProgram, walkOf } from './emitProgram.ts';
import { columnReductions, keptValues } from './memory.ts';

/** A program's functions, by name in its module: of phases with sums of columns also those that end them. */
interface Program {
  readonly layout: BlockLayout;
  readonly module: AddedModule;
  readonly phases: readonly PhaseProgram[];
}

interface PhaseProgram {
  readonly name: string;
  readonly ending: string | undefined;
  /** The phase's reductions to single numbers: their places in the block, and how parts are joined. */
  readonly joins: readonly { readonly at: number; readonly operation: ValueOperation }[];
}

/** What programs run on. */
export interface FusionHost {
  readonly store: TensorStore;
  readonly memory: WebAssembly.Memory;
  readonly threads: Threads;
  readonly relaxed: boolean;
  /** For tests. */
  readonly planning?: Pick<PlannerOptions<unknown>, 'hashOf'>;
}

/** Computes graphs on one backend's memory. */
export interface WasmExecutor {
  execute(graph: Graph<WasmTensor>): readonly WasmTensor[] | undefined;
  readonly planner: Planner<unknown>;
  /** Bytes of memory that are taken for good. */
  ownBytes(): number;
}

/** Elements below which a part of the rows costs more than a thread brings. */
const worthAThread = 2 ** 16;

/** Makes an executor. */
export function wasmExecutor({ store, memory, threads, relaxed, planning = {} }: FusionHost): WasmExecutor {
  const { arena } = store;
  const shared = threads.size > 1;
  const before = arena.bytes();
  const table = arena.allocate(tableBytes);
  let ownBytes = arena.bytes() - before;
  writeTable(memory.buffer, table);

  /** A module on all threads; undefined where the engine forbids code that is made at run time. */
  function addModule(bytes: Uint8Array<ArrayBuffer>): AddedModule | undefined {
    const taken = arena.bytes();
    try {
      return threads.add(bytes);
    } catch (error) {
      if (canCompile()) throw error;
      return undefined;
    } finally {
      ownBytes += arena.bytes() - taken;
    }
  }

  const planner = makePlanner<Program>({
    ...planning,
    variantOf: ({ phases }) => phases.map(walkOf).join(),
    compile(plan) {
      const bytes = emitProgram(plan, { table, relaxed, shared });
      const module = bytes && addModule(bytes);
      if (module === undefined) return undefined;
      const singles = singleReductions(plan);
      const phases = plan.phases.map((phase, at) => ({
        name: `phase${at}`,
        ending: columnReductions(phase).length > 0 ? `columns${at}` : undefined,
        joins: phaseReductions(phase).map((value) => ({ at: singles.indexOf(value), operation: value.operation })),
      }));
      return { layout: blockLayout(plan), module, phases };
    },
  });
  const arrangements = new WeakMap<Plan, Arrangement>();

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

  function arrangementOf(plan: Plan, layout: BlockLayout): Arrangement {
    let known = arrangements.get(plan);
    if (known === undefined) {
      known = arrange(plan, layout, threads.size);
      arrangements.set(plan, known);
    }
    return known;
  }

  function run(plan: Plan, program: Program, graph: Graph<WasmTensor>, made: readonly WasmTensor[]): void {
    const { order } = graph;
    const { layout, phases, module } = program;
    const arrangement = arrangementOf(plan, layout);
    const leaves = plan.leaves.map((index) => store.pointerTo('fusion', order[index]!.stored!));
    const { exports } = module;
    store.withScratch(arrangement.bytes, (block) => {
      const words = arena.words();
      const doubles = arena.doubles();
      let at = (block + layout.spaces) / 4;
      for (const { rows, columns } of plan.spaces) {
        words[at++] = rows;
        words[at++] = columns * 4;
      }
      for (const pointer of leaves) words[at++] = pointer;
      for (const { storage } of made) words[at++] = storage.pointer;
      for (const offset of arrangement.buffers) words[at++] = block + offset;
      at = (block + layout.parameters) / 8;
      for (const parameter of plan.parameters) {
        doubles[at++] = 'node' in parameter ? order[parameter.node]!.number : parameter.number;
      }
      phases.forEach((phase, index) => {
        const { rows, columns } = plan.phases[index]!.space;
        const [reductions, scratch] = [block + layout.reductions, block + arrangement.scratch];
        // Sums of columns lie in scratch memory: one thread makes them.
        const isSplit = shared && phase.ending === undefined && rows * columns >= 2 * worthAThread;
        if (isSplit) runParts(plan.phases[index]!, phase, module, block, arrangement, layout);
        else exports[phase.name]!(block, 0, rows, reductions, scratch);
        if (phase.ending !== undefined) exports[phase.ending]!(block, scratch);
      });
      exports.results!(block);
    });
  }

  /** A phase in parts, each with reductions of its own, which are joined in the order of the rows. */
  function runParts(
    phase: Phase,
    { name, joins }: PhaseProgram,
    module: AddedModule,
    block: number,
    { scratch, scratchStep }: Arrangement,
    layout: BlockLayout,
  ): void {
    const { rows, columns } = phase.space;
    const step = walkOf(phase) === 'across' ? 4 : 1;
    const ranges = rangesOver(threads, rows, rows * columns, worthAThread, step);
    const bytes = layout.bytes - layout.reductions;
    store.withScratch(Math.max(8, bytes * ranges.length), (parts) => {
      const lists = ranges.map(({ start, size }, at) => [block, start, start + size, parts + at * bytes, 0]);
      threads.run({ module, name }, lists, { at: 4, start: block + scratch, step: scratchStep });
      const doubles = arena.doubles();
      for (const { at, operation } of joins) {
        const of = (part: number): number => doubles[(parts + part * bytes) / 8 + at]!;
        let joined = of(0);
        for (let part = 1; part < ranges.length; part++) {
          const own = of(part);
          if (operation === 'sum') joined += own;
          else if (operation === 'max') joined = Math.max(joined, own);
          else if (joined < own) joined = own;
        }
        doubles[(block + layout.reductions) / 8 + at] = joined;
      }
    });
  }

  return { execute, planner, ownBytes: () => ownBytes };
}

/** Where a plan's memory lies in one piece: the block, what phases keep (for each thread), and buffers between phases. */
interface Arrangement {
  readonly bytes: number;
  readonly scratch: number;
  readonly scratchStep: number;
  /** Of buffers that are no results. */
  readonly buffers: readonly number[];
}

function arrange(plan: Plan, layout: BlockLayout, threads: number): Arrangement {
  const scratch = align(layout.bytes);
  const scratchStep = align(scratchBytes(plan));
  let bytes = scratch + scratchStep * threads;
  const buffers = plan.buffers.slice(plan.outputs).map(({ size }) => {
    const at = bytes;
    bytes += align(size * 4);
    return at;
  });
  return { bytes, scratch, scratchStep, buffers };
}

function phaseReductions({ stages, rowReductions }: Phase): readonly Value[] {
  return [...stages.flatMap(({ reductions }) => reductions), ...rowReductions].filter(({ form }) => form === 'single');
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
