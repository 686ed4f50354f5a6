/** A phase as a kernel over rows: their stages, what goes to memory, and each workgroup's part of single numbers. */
import { joinWalks, type WalkedStage } from '../../fusion/online.ts';
import type { Plan } from '../../fusion/plan.ts';
import { chosenByRow } from '../../fusion/rowCases.ts';
import type { Phase } from '../../fusion/stages.ts';
import { isNumber, isReduction, type Value } from '../../fusion/values.ts';
import type { KernelProgram } from '../program.ts';
import { elementsAt } from './elements.ts';
import { type LaneJoins, laneJoins } from './lanes.ts';
import { labelColumns, type Numbers, type RowNumbers, rowNumbers, singleNumbers } from './numbers.ts';
import { blockLoops, sparseLoop } from './rowLoops.ts';
import { makeShader, type Shader, sourceOf, statements } from './shader.ts';
import { type Accumulator, accumulate, accumulateSoftmax, joinAll, type Reduced } from './sums.ts';
import { type DeviceShape, type Walk, walkOf, walkUniforms } from './walk.ts';

/** A kernel over rows. */
export interface RowKernel {
  readonly shader: Shader;
  readonly program: KernelProgram;
  readonly walk: Walk;
  /** Reductions to single numbers of which it writes parts, a row of `slots` for each. */
  readonly parts: readonly Value[];
  /** The buffer that it writes them to. */
  readonly source: string;
}

interface PhaseCode {
  readonly phase: Phase;
  readonly shader: Shader;
  readonly singles: Numbers;
  readonly walk: Walk;
  readonly joins: LaneJoins;
  readonly between: ReadonlyMap<Value, string>;
}

/**
 * Writes the kernel of a phase without sums of columns.
 *
 * @param source Names the buffer for parts of single numbers.
 * @param between Of values that go to memory for the phase's own sake, the names of their buffers.
 */
export function rowKernel(
  plan: Plan,
  phase: Phase,
  source: string,
  between: ReadonlyMap<Value, string>,
  device: DeviceShape,
): RowKernel {
  const walk = walkOf(phase, device);
  const { kind, workgroupSize } = walk;
  const isAlone = kind === 'lanes';
  const shader = makeShader(plan);
  const start = statements(shader);
  const singles = singleNumbers(shader, start);
  const joins = laneJoins({ workgroupSize, subgroupSize: device.subgroupSize });
  const code: PhaseCode = { phase, shader, singles, walk, joins, between };

  const row = statements(shader);
  const numbers = rowNumbers(phase, shader, singles, row, (value, own) => pick(code, value, own));
  /** Of lanes with rows of their own: what they keep for single numbers till all of them are done. */
  const kept: Accumulator[] = [];
  const found: Reduced[] = [];
  const stages = joinWalks(phase.stages);
  stages.forEach((stage, index) => {
    emitStage(code, stage, numbers, index % 2 === 1, kept, found);
  });
  for (const value of phase.rowReductions) {
    const x = numbers.of(value.operands[0]!);
    if (isAlone) {
      const own = accumulate(value, shader);
      kept.push(own);
      row.lines.push(...own.take([x]));
    } else found.push([value, x]);
  }
  for (const value of phase.rowStores) {
    const x = numbers.of(value);
    const to = shader.write(sourceOf(value), 'rows');
    row.lines.push(isAlone ? `${to}[row] = ${x};` : `if (lane == 0u) { ${to}[row] = ${x}; }`);
  }

  const end = statements(shader);
  found.push(...joinAll(kept, joins, end));
  if (found.length > 0) {
    const to = shader.write(source, 'whole');
    const lines = found.map(([, name], at) => `${to}[${at}u * uniforms.slots + slot] = ${name};`);
    end.lines.push(`let slot = ${slotOf[kind]};`, 'if (lane == 0u) {', ...lines, '}');
  }
  const isInside = isAlone
    ? [`if (uniforms.firstUnit * ${workgroupSize}u + row < uniforms.rows) {`, ...row.lines, '}']
    : row.lines;
  const body = [
    `if (group >= ${groupsOf(kind)}) { return; }`,
    joins.prologue(),
    placeOf(walk),
    ...start.lines,
    ...kept.flatMap(({ begin }) => begin),
    ...isInside,
    ...end.lines,
  ];
  const program = shader.finish({
    name: nameOf(phase),
    uniforms: walkUniforms,
    workgroupSize,
    subgroups: joins.declarations() !== '' && device.subgroupSize > 0,
    declarations: `${labelColumns}${joins.declarations()}`,
    body: body.join('\n  '),
  });
  return { shader, program, walk, parts: found.map(([value]) => value), source };
}

/** What a kernel's messages call it: by what it is for. */
function nameOf({ roots }: Phase): string {
  const reduced = roots.some(isReduction);
  return reduced ? (roots.every(isReduction) ? 'fused sums' : 'fused values and sums') : 'fused values';
}

/** How many workgroups a dispatch has work for; in two dimensions it may have more. */
function groupsOf(kind: Walk['kind']): string {
  return kind === 'parts' ? 'uniforms.units * uniforms.parts' : 'uniforms.units';
}

/** Where a workgroup's parts of single numbers go. */
const slotOf: Readonly<Record<Walk['kind'], string>> = {
  lanes: 'uniforms.firstUnit + group',
  rows: 'uniforms.firstUnit + group',
  flat: 'uniforms.firstUnit + group',
  parts: 'uniforms.firstUnit * uniforms.parts + group',
};

/**
 * Which elements a lane walks: from `first` by `step` below `length`, `origin` being the place of the first element of the
 * walk among those that the kernel sees, and `begin` its column.
 */
function placeOf({ kind, workgroupSize }: Walk): string {
  const lanes = `let first = lane;\n  let step = ${workgroupSize}u;`;
  switch (kind) {
    case 'lanes':
      return `let row = group * ${workgroupSize}u + lane;
  let first = 0u;
  let step = 1u;
  let begin = 0u;
  let origin = row * uniforms.columns;
  let length = uniforms.columns;`;
    case 'rows':
      return `let row = group;
  ${lanes}
  let begin = 0u;
  let origin = row * uniforms.columns;
  let length = uniforms.columns;`;
    case 'parts':
      return `let row = group / uniforms.parts;
  ${lanes}
  let begin = (group % uniforms.parts) * uniforms.part;
  let origin = row * uniforms.columns + begin;
  let length = min(uniforms.part, uniforms.columns - begin);`;
    case 'flat':
      return `let row = 0u;
  ${lanes}
  let begin = (uniforms.firstUnit + group) * uniforms.part;
  let origin = group * uniforms.part;
  let length = min(uniforms.part, uniforms.columns - begin);`;
  }
}

/** A walk over the elements of a row. */
function emitStage(
  code: PhaseCode,
  stage: WalkedStage,
  row: RowNumbers,
  isBackwards: boolean,
  kept: Accumulator[],
  found: Reduced[],
): void {
  const { phase, shader, singles, walk, joins, between } = code;
  const { reductions, softmaxes, stores } = stage;
  if (reductions.length + softmaxes.length + stores.length === 0) return;
  const isAlone = walk.kind === 'lanes';
  const ofRow = [
    ...softmaxes.map((softmax) => {
      const factor = softmax.factor && singles.of(softmax.factor);
      return accumulateSoftmax(softmax, factor, shader);
    }),
    ...reductions.filter(({ form }) => form === 'row' || !isAlone).map((value) => accumulate(value, shader)),
  ];
  const ofAll = reductions.filter(({ form }) => form !== 'row' && isAlone).map((value) => accumulate(value, shader));
  kept.push(...ofAll);
  const accumulators = [...ofRow, ...ofAll];

  /** Statements for the elements at some places, expressions of a number within the walk. */
  function bodyFor(places: readonly string[]): readonly string[] {
    const loads = statements(shader);
    const copies = places.map((at) => {
      const own = statements(shader);
      const element = elementsAt({
        ...{ phase, shader, singles, row, loads, code: own },
        element: `origin + ${at}`,
        column: `begin + ${at}`,
      });
      for (const value of stores) {
        const x = element(value);
        const to = shader.write(between.get(value) ?? sourceOf(value), 'elements');
        own.lines.push(`${to}[origin + ${at}] = ${x};`);
      }
      return { lines: own.lines, elements: accumulators.map(({ of }) => element(of)) };
    });
    return [
      ...loads.lines,
      ...copies.flatMap(({ lines }) => lines),
      ...accumulators.flatMap((own, at) => own.take(copies.map(({ elements }) => elements[at]!))),
    ];
  }

  const loops = walk.isSparse ? sparseLoop(bodyFor) : blockLoops(bodyFor, accumulators, isBackwards);
  const condition = conditionOfWalk(phase, stage);
  const guard = condition && row.condition(condition);
  // Bodies may have added to the row's code; the loops come after it.
  const { lines } = row.code;
  lines.push(...ofRow.flatMap(({ begin }) => begin), ...(guard ? [`if (${guard}) {`, ...loops, '}'] : loops));
  for (const [value, name] of joinAll(ofRow, isAlone ? undefined : joins, row.code)) {
    if (value.form === 'row') row.define(value, name);
    else found.push([value, name]);
  }
}

/**
 * The number of a row that leaves a walk nothing to find where it is 0: all that the walk makes are sums of
 * `where(number, …, 0)`. What a formula needs of few rows alone, such as the digits of nearly equal sides, is a walk for those.
 */
function conditionOfWalk({ isLoaded }: Phase, { reductions, softmaxes, stores }: WalkedStage): Value | undefined {
  if (softmaxes.length + stores.length > 0) return undefined;
  const conditions = new Set(
    reductions.map(({ operation, operands }) => {
      const [x] = operands as readonly [Value];
      const condition = chosenByRow(x);
      if (operation !== 'sum' || x.form !== 'full' || isLoaded(x)) return undefined;
      return condition?.form === 'row' && isNumber(x.operands[2]!, 0) ? condition : undefined;
    }),
  );
  return conditions.size === 1 ? [...conditions][0] : undefined;
}

/** The element of a full value in the column that a label names; 0 where it names none. */
function pick({ phase, shader, singles }: PhaseCode, { operands, access }: Value, row: RowNumbers): string {
  const [x, label] = operands as readonly [Value, Value];
  const column = row.column(label, access[1]!);
  const inside = statements(shader);
  const place = { element: `origin + ${column}`, column };
  const element = elementsAt({ phase, shader, singles, row, loads: inside, code: inside, ...place })(x);
  const name = shader.fresh();
  row.code.lines.push(
    `var ${name} = 0.0;`,
    `if (${column} != noColumn) {`,
    ...inside.lines,
    `${name} = ${element};`,
    '}',
  );
  return name;
}
