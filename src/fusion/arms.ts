/**
 * Choices by numbers of rows whose sides are dear. `where` computes both sides; where a row takes one of them, the other can be
 * passed over, and with it whatever only choices by the same condition read. Of choices element by element both sides are
 * computed: several vectors seldom agree, and what a branch parts is no longer computed side by side.
 */
import { costs } from './costs.ts';
import { chosenByRow, chosenOperand, forEachOperandIn, type RowCase } from './rowCases.ts';
import type { Value } from './values.ts';

/** What only one side of the choices by a condition needs, operands first. */
export interface Arm {
  /** The operand that it is of the choices: 1 where the condition holds, 2 where it does not. */
  readonly side: 1 | 2;
  readonly values: readonly Value[];
}

/** Of each condition the sides that are worth a branch. */
export type Arms = ReadonlyMap<Value, readonly Arm[]>;

/** Operations below which a branch, which may be mispredicted, costs more than it saves. */
const leastCost = 8;

/**
 * Finds the arms in what `roots` need. `isComputed` tells values that are computed on the spot from those that are loaded; of
 * choices by the condition of `rowCase` only one side is there.
 */
export function findArms(roots: readonly Value[], isComputed: (value: Value) => boolean, rowCase?: RowCase): Arms {
  const computed = new Set<Value>();
  const visit = (value: Value): void => {
    if (computed.has(value) || !isComputed(value)) return;
    computed.add(value);
    forEachOperandIn(rowCase, value, (operand, access) => {
      if (access === 'same') visit(operand);
    });
  };
  roots.forEach(visit);
  // Operands have the smaller numbers.
  const falling = [...computed].sort((a, b) => b.id - a.id);
  const users = new Map<Value, { readonly user: Value; readonly at: number }[]>(falling.map((value) => [value, []]));
  for (const user of falling)
    forEachOperandIn(rowCase, user, (operand, _, at) => users.get(operand)?.push({ user, at }));

  const arms = new Map<Value, readonly Arm[]>();
  const choices = falling.filter((value) => chosenOperand(rowCase, value) === undefined);
  const conditions = new Set(choices.map(chosenByRow).filter((condition) => condition !== undefined));
  for (const condition of conditions) {
    const isChoice = (value: Value): boolean => chosenByRow(value) === condition;
    // What depends on a choice by this condition cannot come before all of them.
    const after = new Set<Value>();
    for (const value of falling.toReversed()) {
      if (isChoice(value) || value.operands.some((operand) => after.has(operand))) after.add(value);
    }
    const found: Arm[] = [];
    for (const side of [1, 2] as const) {
      const inside = new Set<Value>();
      for (const value of falling) {
        const isOnly = users.get(value)!.every(({ user, at }) => inside.has(user) || (isChoice(user) && at === side));
        if (isOnly && !after.has(value) && !roots.includes(value)) inside.add(value);
      }
      const values = [...inside].reverse();
      const cost = values.reduce((sum, { operation }) => sum + (costs[operation] ?? 1), 0);
      if (cost >= leastCost) found.push({ side, values });
    }
    if (found.length > 0) arms.set(condition, found);
  }
  return arms;
}
