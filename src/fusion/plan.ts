/** From a graph to phases, and both caches: of plans by graph and shapes, and of programs by structure without sizes. */
import type { Graph } from './graph.ts';
import { assignLevels } from './levels.ts';
import { assignSpaces } from './spaces.ts';
import { type Phase, planPhase } from './stages.ts';
import { translate } from './translate.ts';
import { isFree, type Parameter, type Space, type Value } from './values.ts';

/** What a device does to compute a graph. */
export interface Plan {
  readonly values: readonly Value[];
  readonly spaces: readonly Space[];
  /** In order; a phase may read what earlier ones left in memory. */
  readonly phases: readonly Phase[];
  /** Values with memory of their own (`Value.buffer` is the place here): first `outputs` results, then temporary ones. */
  readonly buffers: readonly Value[];
  readonly outputs: number;
  /** The value of each of the graph's targets: one with a buffer, a leaf, or a constant. */
  readonly targets: readonly Value[];
  /** The node (its place in the graph's order) of each leaf. */
  readonly leaves: readonly number[];
  readonly parameters: readonly Parameter[];
}

/** Plans a graph. */
export function planGraph<Stored>(graph: Graph<Stored>): Plan {
  const { values, targets, leaves, parameters } = translate(graph);
  const spaces = assignSpaces(values);
  assignLevels(values);
  const buffers: Value[] = [];
  const keep = (value: Value): void => {
    if (value.buffer < 0 && !isFree(value)) value.buffer = buffers.push(value) - 1;
  };
  targets.forEach(keep);
  const outputs = buffers.length;
  const phases: Phase[] = [];
  for (let level = values.reduce((last, own) => Math.max(last, own.level), 0); level >= 0; level--) {
    for (const space of spaces) {
      const phase = planPhase(values, space, level, keep);
      if (phase !== undefined) phases.unshift(phase);
    }
  }
  return { values, spaces, phases, buffers, outputs, targets, leaves, parameters };
}

/** Everything that a plan's program depends on: all but sizes and the numbers of parameters, of which the sign is known. */
export function structureOf({ values, spaces, targets }: Plan): string {
  const texts = values.map(({ operation, operands, access, slot, number, sign, form, space, level, buffer }) => {
    const from = operands.map(({ id }, at) => `${id}${access[at]}`).join();
    return `${operation} ${from} ${slot} ${number} ${sign} ${form} ${space?.id} ${level} ${buffer}`;
  });
  return `${spaces.length};${texts.join(';')};${targets.map(({ id }) => id).join()}`;
}

/** A plan, and what a device has made of it. */
export interface Prepared<Program> {
  readonly plan: Plan;
  readonly program: Program;
}

/** Finds the plan and the program of a graph, or makes them. */
export interface Planner<Program> {
  /** Undefined where the graph is left to the eager backend. */
  prepare<Stored>(graph: Graph<Stored>): Prepared<Program> | undefined;
  /** Plans and programs made so far, for tests and benchmarks. */
  readonly counters: { plans: number; programs: number };
}

/** Settings of a planner. */
export interface PlannerOptions<Program> {
  /** Makes a plan's program; undefined where the device cannot. Depends on nothing but the key. */
  readonly compile: (plan: Plan) => Program | undefined;
  /** What else a program depends on, beside the plan's structure: the kinds of rows that a device tells apart. */
  readonly variantOf?: (plan: Plan) => string;
  /** A graph's hash; for tests. */
  readonly hashOf?: (hash: number) => number;
}

/** Graphs of more nodes than this are computed eagerly: such a program takes longer to compile than to run. */
const mostNodes = 1024;
/** Plans, and programs, that are remembered: a stream of batches of ever new shapes must not fill memory. */
const mostRemembered = 512;

interface Remembered<Program> {
  readonly signature: Int32Array;
  readonly prepared: Prepared<Program> | undefined;
}

/** Makes a planner with empty caches. */
export function makePlanner<Program>({
  compile,
  variantOf = () => '',
  hashOf = (hash) => hash,
}: PlannerOptions<Program>): Planner<Program> {
  // Hashes of 32 bits collide: what is found is compared, number by number.
  const plans = new Map<number, Remembered<Program>[]>();
  const programs = new Map<string, Program | undefined>();
  const counters = { plans: 0, programs: 0 };
  let remembered = 0;

  function programOf(plan: Plan): Program | undefined {
    const key = `${variantOf(plan)} ${structureOf(plan)}`;
    if (programs.has(key)) return programs.get(key);
    const program = compile(plan);
    counters.programs++;
    if (programs.size >= mostRemembered) programs.clear();
    programs.set(key, program);
    return program;
  }

  function make<Stored>(graph: Graph<Stored>): Prepared<Program> | undefined {
    if (graph.order.length > mostNodes) return undefined;
    const plan = planGraph(graph);
    counters.plans++;
    const program = programOf(plan);
    return program === undefined ? undefined : { plan, program };
  }

  return {
    counters,
    prepare(graph) {
      const hash = hashOf(graph.hash);
      const known = plans.get(hash);
      const found = known?.find(({ signature }) => isSame(signature, graph.signature));
      if (found !== undefined) return found.prepared;
      const prepared = make(graph);
      if (remembered++ >= mostRemembered) {
        plans.clear();
        remembered = 1;
      }
      const entry = { signature: graph.signature.slice(), prepared };
      if (known !== undefined && remembered > 1) known.push(entry);
      else plans.set(hash, [entry]);
      return prepared;
    },
  };
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
