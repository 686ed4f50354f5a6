/**
 * Single numbers: the parts that workgroups have left are joined by one workgroup, which also computes what is made of them.
 */
import type { Plan } from '../../fusion/plan.ts';
import type { Value } from '../../fusion/values.ts';
import type { KernelProgram } from '../program.ts';
import { laneJoins } from './lanes.ts';
import { singleNumbers, singleReductions } from './numbers.ts';
import { makeShader, numbersSource, type Shader, type Statements, sourceOf, statements } from './shader.ts';
import { accumulate, joinAll, type Reduced } from './sums.ts';
import type { Geometry } from './walk.ts';

const workgroupSize = 256;
/** Parts beyond which they are joined by more than one workgroup, each a segment of so many. */
const longestJoin = 2 ** 13;

/** A kernel that computes single numbers. */
export interface NumberKernel {
  readonly shader: Shader;
  readonly program: KernelProgram;
}

/** What a kernel for single numbers does. */
export interface NumberWork {
  readonly plan: Plan;
  /** Reductions whose parts it joins, in their order in the buffer that `source` names; none where all are known. */
  readonly joined: { readonly source: string; readonly values: readonly Value[] };
  /** Those that later kernels read: it puts them into the buffer of numbers. */
  readonly kept: readonly Value[];
  /** Single numbers that have buffers of their own. */
  readonly results: readonly Value[];
}

/** Writes the kernel. */
export function numberKernel({ plan, joined, kept, results }: NumberWork): NumberKernel {
  const name = results.length > 0 ? 'fused results' : 'fused numbers';
  return kernelOf(plan, name, joined, (shader, found, code) => {
    const singles = singleNumbers(shader, code);
    for (const [value, own] of found) singles.define(value, own);
    const numbers = singleReductions(shader);
    for (const value of kept) {
      code.lines.push(`${shader.write(numbersSource, 'whole')}[${numbers.indexOf(value)}] = ${singles.of(value)};`);
    }
    for (const value of results) {
      const own = singles.of(value);
      code.lines.push(`${shader.write(sourceOf(value), 'whole')}[0] = ${own};`);
    }
  });
}

/** Writes the kernel that joins segments of parts, where there are many: the result has fewer parts of the same kind. */
export function segmentKernel(plan: Plan, joined: NumberWork['joined'], target: string): NumberKernel {
  return kernelOf(plan, 'fused numbers', joined, (shader, found, code) => {
    const to = shader.write(target, 'whole');
    code.lines.push(...found.map(([, own], at) => `${to}[${at}u * uniforms.parts + group] = ${own};`));
  });
}

/** A kernel that joins parts, and lets one lane do the rest. */
function kernelOf(
  plan: Plan,
  name: string,
  joined: NumberWork['joined'],
  rest: (shader: Shader, found: readonly Reduced[], code: Statements) => void,
): NumberKernel {
  const shader = makeShader(plan);
  const joins = laneJoins({ workgroupSize, subgroupSize: 0 });
  const code = statements(shader);
  const found = joinParts(shader, code, joined, joins);
  const inside = statements(shader);
  rest(shader, found, inside);
  const body = [
    'if (group >= uniforms.units) { return; }',
    joins.prologue(),
    ...code.lines,
    'if (lane == 0u) {',
    ...inside.lines,
    '}',
  ];
  const program = shader.finish({
    name,
    uniforms: { slots: 'u32', part: 'u32', parts: 'u32' },
    workgroupSize,
    declarations: joins.declarations(),
    body: body.join('\n  '),
  });
  return { shader, program };
}

/** A workgroup's segment of the parts of each reduction, joined. */
function joinParts(
  shader: Shader,
  code: Statements,
  { source, values }: NumberWork['joined'],
  joins: ReturnType<typeof laneJoins>,
): readonly Reduced[] {
  if (values.length === 0) return [];
  const from = shader.read(source, 'whole');
  const accumulators = values.map((value) => accumulate(value, shader));
  const takes = accumulators.flatMap((own, at) => {
    const next = shader.fresh();
    return [`let ${next} = ${from}[${at}u * uniforms.slots + slot];`, ...own.take([next])];
  });
  const settle = accumulators.flatMap((own) => own.settle);
  code.lines.push(
    ...accumulators.flatMap(({ begin }) => begin),
    'let last = min((group + 1u) * uniforms.part, uniforms.slots);',
    'var count = 0u;',
    `for (var slot = group * uniforms.part + lane; slot < last; slot += ${workgroupSize}u) {`,
    ...takes,
    ...(settle.length > 0 ? ['count++;', 'if ((count & 15u) == 0u) {', ...settle, '}'] : []),
    '}',
  );
  return joinAll(accumulators, joins, code);
}

/** How many workgroups join so many parts before the last one does. */
export function joinsOf(slots: number): number {
  return Math.ceil(slots / longestJoin);
}

const perUnit = { elements: 0, rows: 0, whole: 0 } as const;

/** The geometry of a join by segments; undefined where one workgroup will do. */
export function segmentGeometry(slots: number): Geometry | undefined {
  const parts = joinsOf(slots);
  if (parts === 1) return undefined;
  return { units: parts, groups: (count) => count, perUnit, uniforms: { slots, part: longestJoin, parts } };
}

/** The geometry of the last join. */
export function numberGeometry(slots: number): Geometry {
  const left = joinsOf(slots) === 1 ? slots : joinsOf(slots);
  return { units: 1, groups: () => 1, perUnit, uniforms: { slots: left, part: left, parts: 1 } };
}
