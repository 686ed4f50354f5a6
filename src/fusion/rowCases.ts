/**
 * Choices that are the same for a whole row. Where a number of the row decides which side of many choices counts, its walks
 * come in two versions, one for each case: neither computes the other's side, asks element by element, or walks for a sum
 * that only the other case needs.
 */
import { costs } from './costs.ts';
import type { Phase, Stage } from './stages.ts';
import { forEachOperand, isReduction, type Value } from './values.ts';

/** A condition of a row, and whether it holds. */
export interface RowCase {
  readonly condition: Value;
  readonly holds: boolean;
}

/** Calls a function with each operand of a value that counts in a case. */
export function forEachOperandIn(
  rowCase: RowCase | undefined,
  value: Value,
  visit: Parameters<typeof forEachOperand>[1],
): void {
  const chosen = chosenOperand(rowCase, value);
  if (chosen === undefined) forEachOperand(value, visit);
  else visit(value.operands[chosen]!, value.access[chosen]!, chosen);
}

/**
 * The number of the row that a choice goes by; undefined for all other values. In a square the same numbers may be met as those
 * of the columns: that choice is another one for each element.
 */
export function chosenByRow({ operation, operands, access }: Value): Value | undefined {
  return operation === 'where' && access[0] === 'row' ? operands[0] : undefined;
}

/** The operand that a choice comes down to in a case; undefined for all other values. */
export function chosenOperand(rowCase: RowCase | undefined, value: Value): 1 | 2 | undefined {
  if (rowCase === undefined || chosenByRow(value) !== rowCase.condition) return undefined;
  return rowCase.holds ? 1 : 2;
}

/** What a phase's stages come down to in a case; as they are where the condition is not known yet. */
export function stagesIn(phase: Phase, rowCase: RowCase): readonly Stage[] {
  const known = phase.stageOf(rowCase.condition);
  const needed = new Set<Value>();
  const found: Stage[] = [];
  for (let index = phase.stages.length - 1; index >= 0; index--) {
    const stage = phase.stages[index]!;
    if (index < known) {
      found.unshift(stage);
      continue;
    }
    const own = {
      ...stage,
      reductions: stage.reductions.filter((value) => !isSumOfZeros(value, rowCase)),
      keeps: stage.keeps.filter((value) => needed.has(value)),
    };
    for (const value of computedIn(phase, own, index, rowCase)) if (phase.keptIn(value)! < index) needed.add(value);
    found.unshift(own);
  }
  return found;
}

function isSumOfZeros({ operation, operands }: Value, rowCase: RowCase): boolean {
  let x = operands[0]!;
  for (let chosen = chosenOperand(rowCase, x); chosen !== undefined; chosen = chosenOperand(rowCase, x)) {
    x = x.operands[chosen]!;
  }
  return operation === 'sum' && x.number === 0;
}

/** The full values that a stage computes in its walk, or loads from what earlier ones kept. */
function computedIn(
  phase: Phase,
  { reductions, columnReductions, stores, keeps }: Stage,
  index: number,
  rowCase: RowCase | undefined,
): ReadonlySet<Value> {
  const computed = new Set<Value>();
  const visit = (value: Value): void => {
    if (computed.has(value) || value.form !== 'full' || phase.isLoaded(value)) return;
    computed.add(value);
    if ((phase.keptIn(value) ?? index) < index) return;
    forEachOperandIn(rowCase, value, visit);
  };
  for (const { operands } of [...reductions, ...columnReductions]) visit(operands[0]!);
  for (const value of [...stores, ...keeps]) visit(value);
  return computed;
}

/** Roughly the operations of a stage's walk for each element. */
export function costOfStage(phase: Phase, stage: Stage, index: number, rowCase?: RowCase): number {
  let cost = 0;
  for (const value of computedIn(phase, stage, index, rowCase)) {
    if ((phase.keptIn(value) ?? index) >= index) cost += costs[value.operation] ?? 1;
  }
  return cost;
}

/** Operations that two versions must save at least, taken together, for an element. */
const leastSaving = 8;

/** The condition whose two versions save most; undefined where none saves enough. `known` are those that need no versions. */
export function rowCondition(phase: Phase, known: ReadonlySet<Value> = new Set()): Value | undefined {
  const costOf = (stages: readonly Stage[], rowCase?: RowCase): number =>
    stages.reduce((sum, stage, index) => sum + costOfStage(phase, stage, index, rowCase), 0);
  const whole = costOf(phase.stages);
  const conditions = new Set<Value>();
  phase.stages.forEach((stage, index) => {
    for (const value of computedIn(phase, stage, index, undefined)) {
      const condition = chosenByRow(value);
      if (condition !== undefined && !isReduction(condition) && !known.has(condition)) conditions.add(condition);
    }
  });
  let [best, most]: [Value | undefined, number] = [undefined, leastSaving - 1];
  for (const condition of conditions) {
    const costs = [true, false].map((holds) => costOf(stagesIn(phase, { condition, holds }), { condition, holds }));
    const saving = 2 * whole - costs[0]! - costs[1]!;
    if (saving > most) [best, most] = [condition, saving];
  }
  return best;
}
