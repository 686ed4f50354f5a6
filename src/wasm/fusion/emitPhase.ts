/** A phase as a function: a walk over the rows `first` to `end` of its space. */
import { findArms } from '../../fusion/arms.ts';
import type { Plan } from '../../fusion/plan.ts';
import { skipConditions } from '../../fusion/skip.ts';
import type { Phase, Stage } from '../../fusion/stages.ts';
import type { Value, ValueOperation } from '../../fusion/values.ts';
import { acrossRows } from './acrossRows.ts';
import { alongRow } from './alongRow.ts';
import { type ArithmeticOptions, makeArithmetic } from './arithmetic.ts';
import { type FunctionCode, type Locals, makeCode } from './assembler.ts';
import { type BlockLayout, singleReductions } from './block.ts';
import { makeElements, type PhaseNumbers } from './emitElements.ts';
import { phaseNumbers, roundedNumbers, rowNumbers } from './emitNumbers.ts';
import { type PhaseSums, phaseSums } from './emitSums.ts';
import { columnReductions, type PhaseMemory, phaseMemory, phaseParameters } from './memory.ts';
import type { RowCode, Walk } from './walk.ts';

/** Which walk a phase takes, by the rows of its space. */
export type WalkKind = 'along' | 'across';

interface PhaseCode {
  readonly phase: Phase;
  readonly memory: PhaseMemory;
  readonly numbers: PhaseNumbers;
  readonly walk: Walk;
  readonly sums: PhaseSums;
}

/** Writes the function. */
export function emitPhase(
  plan: Plan,
  phase: Phase,
  name: string,
  kind: WalkKind,
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
  const walk = kind === 'along' ? alongRow(memory) : acrossRows(memory);
  const sums = phaseSums(phase, walk, locals);
  const parts: PhaseCode = { phase, memory, numbers, walk, sums };
  beginColumns(parts);
  sums.begin(memory.start);

  const row = rowNumbers(phase, numbers, walk, makeCode());
  const conditions = kind === 'along' ? skipConditions(phase) : undefined;
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

function emitStage({ phase, numbers, walk, sums }: PhaseCode, row: RowCode, stage: Stage, index: number): void {
  const { reductions, columnReductions: columns, stores, keeps } = stage;
  if (reductions.length + columns.length + stores.length + keeps.length === 0) return;
  // Long bodies fill the pipelines by themselves, and registers are few.
  const isHeavy = costOf(phase, stage, index) > 12;
  const unroll = isHeavy ? 1 : walk.width === 1 ? 4 : 2;
  const own = sums.stage(stage, unroll);
  const isComputed = (value: Value): boolean =>
    value.form === 'full' && !phase.isLoaded(value) && (phase.keptIn(value) ?? index) >= index;
  const others = [...keeps, ...[...reductions, ...columns].map(({ operands }) => operands[0]!)];
  const arms = findArms([...others, ...stores], isComputed);
  const selected = walk.width === 1 ? selectedColumn(stores, others, isComputed) : undefined;
  const oneHot = (is: 0 | 1) => (selected === undefined ? undefined : { value: selected, is });
  own.begin(row.code);
  walk.loop(row, {
    unroll,
    sums: own.loop,
    body(place) {
      const code = makeCode();
      const element = makeElements({ phase, numbers, row, place, stage: index, arms, oneHot: oneHot(0) }, code);
      for (const value of keeps) place.storeKept(code, value, element(value));
      for (const value of stores) place.store(code, value, element(value));
      for (const value of reductions) own.take(code, place, value, element(value.operands[0]!));
      for (const value of columns) place.addToColumns(code, value, element(value.operands[0]!));
      return code;
    },
  });
  own.end(row);
  if (selected === undefined) return;
  const point = walk.point(row, row.numbers.single(selected.operands[0]!));
  const inside = makeCode();
  const element = makeElements({ phase, numbers, row, place: point, stage: index, oneHot: oneHot(1) }, inside);
  for (const value of stores) point.store(inside, value, element(value));
  row.code.get(point.valid).op('v128.any_true', 'if').append(inside).op('end');
}

/**
 * The one-hot rows that only what a stage stores depends on: the loop can then write a row without its label, and the one
 * element with it be written after.
 */
function selectedColumn(
  stores: readonly Value[],
  others: readonly Value[],
  isComputed: (value: Value) => boolean,
): Value | undefined {
  const found = new Set<Value>();
  const collect = (value: Value, into: Set<Value>, seen = new Set<Value>()): void => {
    if (seen.has(value) || !isComputed(value)) return;
    seen.add(value);
    if (value.operation === 'oneHot') into.add(value);
    for (const operand of value.operands) collect(operand, into, seen);
  };
  for (const value of stores) collect(value, found);
  const elsewhere = new Set<Value>();
  for (const value of others) collect(value, elsewhere);
  const [only] = found;
  return found.size === 1 && elsewhere.size === 0 && only?.access[0] === 'row' ? only : undefined;
}

const heavyOperations: ReadonlySet<ValueOperation> = new Set(['exp', 'fallingExp', 'power', 'log']);

/** Roughly the operations of a stage's loop. */
function costOf(phase: Phase, { reductions, columnReductions: columns, stores, keeps }: Stage, index: number): number {
  const seen = new Set<Value>();
  let cost = 0;
  const visit = (value: Value): void => {
    if (seen.has(value) || value.form !== 'full') return;
    seen.add(value);
    if ((phase.keptIn(value) ?? index) < index) return;
    cost += heavyOperations.has(value.operation) ? 20 : 1;
    value.operands.forEach(visit);
  };
  for (const value of [...reductions, ...columns]) visit(value.operands[0]!);
  for (const value of [...stores, ...keeps]) visit(value);
  return cost;
}
