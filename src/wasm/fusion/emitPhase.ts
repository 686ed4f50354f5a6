/** A phase as a function: a walk over the rows `first` to `end` of its space. */
import { findArms } from '../../fusion/arms.ts';
import type { Plan } from '../../fusion/plan.ts';
import { forEachOperandIn, type RowCase, rowCondition, stagesIn } from '../../fusion/rowCases.ts';
import { skipConditions } from '../../fusion/skip.ts';
import type { Phase, Stage } from '../../fusion/stages.ts';
import type { Value } from '../../fusion/values.ts';
import { acrossRows } from './acrossRows.ts';
import { alongRow } from './alongRow.ts';
import { type ArithmeticOptions, makeArithmetic } from './arithmetic.ts';
import { type Code, makeCode } from './assembler.ts';
import { type BlockLayout, singleReductions } from './block.ts';
import { makeElements, type PhaseNumbers } from './emitElements.ts';
import { phaseNumbers, roundedNumbers, rowNumbers } from './emitNumbers.ts';
import { type PhaseSums, phaseSums, type StageSums } from './emitSums.ts';
import type { Locals } from './locals.ts';
import { columnReductions, type PhaseMemory, phaseMemory, phaseParameters } from './memory.ts';
import type { FunctionCode } from './module.ts';
import type { Planes } from './planes.ts';
import type { LoopPlace, RowCode, Walk } from './walk.ts';

/** Which walk a phase takes, by the rows of its space: along a row, or across four of them, in `planes` as they lie. */
export type WalkKind = 'along' | 'across' | 'planes';

/** Vectors that a loop takes at once: enough for operations that need not wait, few enough for the registers. */
const vectorsAtOnce = 4;

interface PhaseCode {
  readonly phase: Phase;
  readonly memory: PhaseMemory;
  readonly numbers: PhaseNumbers;
  readonly walk: Walk;
  readonly sums: PhaseSums;
  /** Where a condition of the row decides much. */
  readonly cases: Cases | undefined;
}

interface Cases {
  readonly condition: Value;
  /** Where the condition holds in one of the rows, and where it holds in none. */
  readonly holding: CaseStages;
  readonly other: CaseStages;
}

/** The stages in a case, or in any where four rows may be of both. */
interface CaseStages {
  readonly rowCase: RowCase | undefined;
  readonly stages: readonly Stage[];
}

/** Writes the function. */
export function emitPhase(
  plan: Plan,
  phase: Phase,
  name: string,
  { kind, planes }: { readonly kind: WalkKind; readonly planes: Planes },
  layout: BlockLayout,
  options: ArithmeticOptions,
): FunctionCode {
  const locals: Locals = { parameters: phaseParameters.map(() => 'i32' as const), types: [] };
  const memory = phaseMemory(phase, layout, locals);
  const reductions = singleReductions(plan);
  const context = {
    locals,
    rounded: roundedNumbers(plan),
    arithmetic: makeArithmetic(locals, options),
    layout,
    reductions,
    pointerTo: memory.pointerTo,
  };
  const numbers = phaseNumbers(phase, context, memory.start);
  const walk = kind === 'along' ? alongRow(memory) : acrossRows(memory, kind === 'planes' ? planes.values : undefined);
  const sums = phaseSums(phase, walk, locals);
  const skipping = skipConditions(phase);
  const conditions = kind === 'along' ? skipping : undefined;
  const decisive = rowCondition(phase, skipping);
  const cases = decisive && casesOf(phase, decisive, kind);
  const parts: PhaseCode = { phase, memory, numbers, walk, sums, cases };
  beginColumns(parts);
  sums.begin(memory.start);

  const row = rowNumbers(phase, numbers, walk, makeCode());
  if (conditions === undefined) emitRow(parts, row);
  else emitRowOrSkip(parts, row, conditions);
  const code = walk.rows(row.code);
  sums.end(code, reductions, phaseParameters.indexOf('reductions'));
  return { name, locals, code };
}

/** Sums of columns begin at 0, maxima at −Infinity. */
function beginColumns({ phase, memory }: PhaseCode): void {
  const { start, rowBytes } = memory;
  for (const value of columnReductions(phase)) {
    const pointer = memory.columnPointer(value);
    if (value.operation === 'columnSum') {
      start.get(pointer).int(0).get(rowBytes).int(1).op('i32.shl', 'memory.fill');
    } else memory.fillWithLowest(pointer);
  }
}

function emitRow(parts: PhaseCode, row: RowCode): void {
  for (const [index, stage] of parts.phase.stages.entries()) emitStage(parts, row, stage, index);
  emitRowResults(parts, row);
}

function emitRowResults({ phase, walk, sums }: PhaseCode, row: RowCode): void {
  for (const value of phase.rowReductions) sums.takeRow(row, value);
  for (const value of phase.rowStores) {
    const from = row.numbers.single(value);
    walk.storeRow(row.code, value, from);
  }
}

/** A row whose conditions are all 0 is not read: its results are 0, and its numbers what is left without them. */
function emitRowOrSkip(parts: PhaseCode, row: RowCode, conditions: ReadonlySet<Value>): void {
  const { phase, walk } = parts;
  const masks = [...conditions].map((condition) => row.numbers.mask(condition));
  const inside = forkRow(row);
  emitRow(parts, inside);
  const outside = forkRow(row, conditions);
  for (const value of phase.stages.flatMap(({ stores }) => stores)) walk.clear(outside.code, value);
  emitRowResults(parts, outside);
  const { code } = row;
  masks.forEach((mask, at) => {
    code.get(mask);
    if (at > 0) code.op('v128.or');
  });
  code.op('v128.any_true', 'if').append(inside.code).op('else').append(outside.code).op('end');
}

function forkRow({ numbers }: RowCode, zeros: ReadonlySet<Value> = new Set()): RowCode {
  const code = makeCode();
  return { code, numbers: numbers.fork(code, zeros), labels: new Map() };
}

function casesOf(phase: Phase, condition: Value, kind: WalkKind): Cases {
  const caseOf = (holds: boolean): CaseStages => {
    const rowCase = { condition, holds };
    return { rowCase, stages: stagesIn(phase, rowCase) };
  };
  const any: CaseStages = { rowCase: undefined, stages: phase.stages };
  return { condition, holding: kind === 'along' ? caseOf(true) : any, other: caseOf(false) };
}

function emitStage(parts: PhaseCode, row: RowCode, stage: Stage, index: number): void {
  const { phase, cases } = parts;
  if (isEmpty(stage)) return;
  const own = parts.sums.stage(stage, vectorsAtOnce);
  own.begin(row.code);
  if (cases === undefined || phase.stageOf(cases.condition) > index) {
    row.code.append(stageCode(parts, row, { stage }, index, own));
  } else {
    const [whenHolding, otherwise] = [cases.holding, cases.other].map(({ rowCase, stages }) =>
      stageCode(parts, row, { rowCase, stage: stages[index]! }, index, own),
    );
    row.code.get(row.numbers.mask(cases.condition)).op('v128.any_true', 'if').append(whenHolding!);
    row.code.op('else').append(otherwise!).op('end');
  }
  own.end(row);
}

function isEmpty({ reductions, columnReductions, stores, keeps }: Stage): boolean {
  return reductions.length + columnReductions.length + stores.length + keeps.length === 0;
}

/** A stage as it is in a case, or in any. */
interface StageVersion {
  readonly stage: Stage;
  readonly rowCase?: RowCase | undefined;
}

/** The loop of a stage, and what comes after it; what that needs of the row's numbers goes to the row's code. */
function stageCode(parts: PhaseCode, row: RowCode, version: StageVersion, index: number, own: StageSums): Code {
  const { phase, numbers, walk } = parts;
  const { stage, rowCase } = version;
  const { reductions, columnReductions: columns, stores, keeps } = stage;
  const code = makeCode();
  if (isEmpty(stage)) return code;
  const isComputed = (value: Value): boolean =>
    value.form === 'full' && !phase.isLoaded(value) && (phase.keptIn(value) ?? index) >= index;
  const others = [...keeps, ...[...reductions, ...columns].map(({ operands }) => operands[0]!)];
  const arms = findArms([...others, ...stores], isComputed, rowCase);
  const selected = walk.width === 1 ? selectedColumn(stores, others, isComputed, rowCase) : undefined;
  const oneHot = (is: 0 | 1) => (selected === undefined ? undefined : { value: selected, is });
  const site = { phase, numbers, row, stage: index, rowCase };
  code.append(
    walk.loop(row, {
      unroll: vectorsAtOnce,
      sums: reductions.length > 0 ? own.loop : undefined,
      body(places) {
        const body = makeCode();
        const element = makeElements({ ...site, places, arms, oneHot: oneHot(0) }, body);
        const each = (value: Value, take: (place: LoopPlace, from: number) => void): void =>
          element(value).forEach((from, slot) => {
            take(places[slot]!, from);
          });
        for (const value of keeps) each(value, (place, from) => place.storeKept(body, value, from));
        for (const value of stores) each(value, (place, from) => place.store(body, value, from));
        for (const value of reductions) own.take(body, places, value, element(value.operands[0]!));
        for (const value of columns) each(value.operands[0]!, (place, from) => place.addToColumns(body, value, from));
        return body;
      },
    }),
  );
  if (selected === undefined) return code;
  const point = walk.point(row, row.numbers.single(selected.operands[0]!));
  const inside = makeCode();
  const element = makeElements({ ...site, places: [point], oneHot: oneHot(1) }, inside);
  for (const value of stores) point.store(inside, value, element(value)[0]!);
  return code.get(point.valid).op('v128.any_true', 'if').append(inside).op('end');
}

/**
 * The one-hot rows that only what a stage stores depends on: the loop can then write a row without its label, and the one
 * element with it be written after.
 */
function selectedColumn(
  stores: readonly Value[],
  others: readonly Value[],
  isComputed: (value: Value) => boolean,
  rowCase: RowCase | undefined,
): Value | undefined {
  const found = new Set<Value>();
  const collect = (value: Value, into: Set<Value>, seen = new Set<Value>()): void => {
    if (seen.has(value) || !isComputed(value)) return;
    seen.add(value);
    if (value.operation === 'oneHot') into.add(value);
    forEachOperandIn(rowCase, value, (operand) => collect(operand, into, seen));
  };
  for (const value of stores) collect(value, found);
  const elsewhere = new Set<Value>();
  for (const value of others) collect(value, elsewhere);
  const [only] = found;
  return found.size === 1 && elsewhere.size === 0 && only?.access[0] === 'row' ? only : undefined;
}
