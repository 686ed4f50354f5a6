/** Runs graphs on generated kernels: plans, programs, and the memory that a run needs. */
import type { Backend } from '../../backend.ts';
import type { Graph } from '../../fusion/graph.ts';
import { makePlanner, type Plan, type Planner, type PlannerOptions } from '../../fusion/plan.ts';
import type { Phase } from '../../fusion/stages.ts';
import { exchanged } from '../../fusion/transposition.ts';
import type { Value, ValueOperation } from '../../fusion/values.ts';
import { canCompile } from '../instance.ts';
import type { TensorStore, WasmTensor } from '../tensors.ts';
import { type AddedModule, rangesOver, type Threads } from '../threads.ts';
import { type Arrangement, arrange, lying } from './arrangement.ts';
import { type BlockLayout, blockLayout, singleReductions } from './block.ts';
import { tableBytes, writeTable } from './constants.ts';
import { emitProgram, walkOf } from './emitProgram.ts';
import { columnReductions } from './memory.ts';
import { planesOf } from './planes.ts';

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
  /** Transposes inputs and results whose rows no walk takes as they lie. */
  readonly eager: Backend<WasmTensor>;
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
export function wasmExecutor({ store, memory, threads, relaxed, eager, planning = {} }: FusionHost): WasmExecutor {
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
    variantOf(plan) {
      const planes = planesOf(plan);
      const lying = plan.values.filter((value) => planes.values.has(value)).map(({ id }) => id);
      return `${plan.phases.map((phase) => walkOf(phase, planes)).join()} ${lying.join()}`;
    },
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
    // A scope, since memory may run out between one tensor and the next.
    return prepared && store.scope(() => compute(prepared.plan, prepared.program, graph));
  }

  function compute(plan: Plan, program: Program, graph: Graph<WasmTensor>): readonly WasmTensor[] {
    const { order } = graph;
    const made: WasmTensor[] = [];
    const results = graph.targets.map(({ shape }, at) => {
      const value = plan.targets[at]!;
      if (value.operation === 'leaf') {
        const leaf = order[plan.leaves[value.slot]!]!.stored!;
        const { transposition } = value;
        return transposition ? exchanged(eager, leaf, lying(transposition), shape) : store.share(leaf, shape);
      }
      if (value.operation === 'constant') return constantTensor(numberOf(plan, graph, value), shape);
      const first = made[value.buffer];
      if (first !== undefined) return store.share(first, shape);
      // A single number keeps the digits of its sums until it is read or used.
      const tensor = store.make(shape, value.form === 'single' ? 'float64' : 'float32');
      made[value.buffer] = tensor;
      return tensor;
    });
    if (plan.buffers.length === 0) return results;
    const arrangement = arrangementOf(plan, program.layout);
    run(plan, program, arrangement, graph, made);
    return results.map((result, at) => {
      const { operation, transposition } = plan.targets[at]!;
      if (operation !== 'transposed' || arrangement.planes.values.has(plan.targets[at]!)) return result;
      const { batch, rows, columns } = transposition!;
      const moved = exchanged(eager, result, [batch, rows, columns], result.shape);
      store.dispose(result);
      return moved;
    });
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

  function run(
    plan: Plan,
    program: Program,
    arrangement: Arrangement,
    graph: Graph<WasmTensor>,
    made: readonly WasmTensor[],
  ): void {
    const { order } = graph;
    const { layout, phases, module } = program;
    const { planes } = arrangement;
    const moved = arrangement.movedLeaves.map(({ slot, transposition }) => {
      const { batch, rows, columns } = transposition!;
      return {
        slot,
        tensor: exchanged(eager, order[plan.leaves[slot]!]!.stored!, lying(transposition!), [batch, rows, columns]),
      };
    });
    const inputs = plan.leaves.map((index) => order[index]!.stored!);
    for (const { slot, tensor } of moved) inputs[slot] = tensor;
    const leaves = inputs.map((input) => store.pointerTo('fusion', input));
    const { exports } = module;
    store.withScratch(arrangement.bytes, (block) => {
      const words = arena.words();
      const doubles = arena.doubles();
      let at = (block + layout.spaces) / 4;
      for (const space of plan.spaces) {
        words[at++] = space.rows;
        words[at++] = space.columns * 4;
        words[at++] = planes.rowsIn.get(space) ?? 0;
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
    for (const { tensor } of moved) store.dispose(tensor);
  }

  /** A phase in parts, each with reductions of its own, which are joined in the order of the rows. */
  function runParts(
    phase: Phase,
    { name, joins }: PhaseProgram,
    module: AddedModule,
    block: number,
    { scratch, scratchStep, planes }: Arrangement,
    layout: BlockLayout,
  ): void {
    const { rows, columns } = phase.space;
    const step = walkOf(phase, planes) === 'along' ? 1 : 4;
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

function phaseReductions({ stages, rowReductions }: Phase): readonly Value[] {
  return [...stages.flatMap(({ reductions }) => reductions), ...rowReductions].filter(({ form }) => form === 'single');
}

function numberOf(plan: Plan, { order }: Graph<WasmTensor>, { number, slot }: Value): number {
  if (number !== undefined) return number;
  const parameter = plan.parameters[slot]!;
  return 'node' in parameter ? order[parameter.node]!.number : parameter.number;
}
