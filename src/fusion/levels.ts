/**
 * What must wait for a sum. A phase walks the rows of one space; a single number made of all its rows, a number of each
 * column, and what another space reads of it are there only when the phase has ended.
 */
import type { Access } from './access.ts';
import { forEachOperand, isFree, isReduction, type Value } from './values.ts';

/** Whether a value is read in a walk over its own space, while the walk goes on; else only a later phase can read it. */
function isWithin(operand: Value, access: Access, user: Value): boolean {
  return (
    (operand.form === 'full' || operand.form === 'row') &&
    operand.space === user.space &&
    // A number of each row that is met as one of each column comes from memory, in a square space too.
    access !== 'column'
  );
}

/** Whether a value is computed in a phase; a single number made of single numbers is computed wherever it is needed. */
function hasPhase(value: Value): boolean {
  return !isFree(value) && (value.form !== 'single' || isReduction(value));
}

/**
 * Gives every value its phase: as early as possible to find how many there are, then as late as possible, so that rows are
 * walked once for all that can wait; but not in a phase of its own where an earlier one walks the rows anyway. A single
 * number made of single numbers gets the first phase that can read it.
 */
export function assignLevels(values: readonly Value[]): void {
  const earliest = earliestLevels(values);
  const latest = latestLevels(values, earliest, (_, deadline) => deadline);
  const keyOf = ({ space }: Value, level: number): string => `${space!.id} ${level}`;
  const fixed = values.filter((value) => hasPhase(value) && earliest[value.id] === latest[value.id]);
  const walked = new Set(fixed.map((value) => keyOf(value, latest[value.id]!)));
  const chosen = latestLevels(values, earliest, (value, deadline) => {
    for (let level = deadline; hasPhase(value) && level >= earliest[value.id]!; level--) {
      if (walked.has(keyOf(value, level))) return level;
    }
    return deadline;
  });
  for (const value of values) value.level = chosen[value.id]!;
}

function earliestLevels(values: readonly Value[]): readonly number[] {
  const levels: number[] = [];
  for (const value of values) {
    let level = 0;
    forEachOperand(value, (operand, access) => {
      if (isFree(operand)) return;
      const waits = hasPhase(operand) && !isWithin(operand, access, value);
      level = Math.max(level, levels[operand.id]! + (waits ? 1 : 0));
    });
    levels.push(level);
  }
  return levels;
}

/** Levels from the last value to the first: `choose` takes one that is not after a value's deadline. */
function latestLevels(
  values: readonly Value[],
  earliest: readonly number[],
  choose: (value: Value, deadline: number) => number,
): readonly number[] {
  const last = values.reduce((most, value) => (hasPhase(value) ? Math.max(most, earliest[value.id]!) : most), 0);
  // What nobody reads is a result: it may be the last phase's, or made of what that leaves.
  const levels = values.map((value) => (hasPhase(value) ? last : last + 1));
  for (const value of values.toReversed()) {
    levels[value.id] = choose(value, levels[value.id]!);
    forEachOperand(value, (operand, access) => {
      const waits = hasPhase(operand) && !isWithin(operand, access, value);
      levels[operand.id] = Math.min(levels[operand.id]!, levels[value.id]! - (waits ? 1 : 0));
    });
  }
  return levels;
}
