/**
 * Rows that do not count. Where everything that a phase makes of a row is `where(weight, …, 0)`, a row of weight 0 need not be
 * read: its results are 0, whatever it holds.
 */
import type { Access } from './access.ts';
import { chosenByRow } from './rowCases.ts';
import type { Phase } from './stages.ts';
import { isReduction, type Value } from './values.ts';

/** Numbers of a row which, when all of them are 0, leave nothing to compute for it; undefined where there are none. */
export function skipConditions(phase: Phase): ReadonlySet<Value> | undefined {
  const { stages, rowStores, rowReductions, isLoaded } = phase;
  const conditions = new Set<Value>();

  /** Whether a number of a row is there without a walk over it; where a condition is 0, if `assuming` it may be. */
  function isThere(value: Value, assuming: boolean): boolean {
    if (value.operation === 'constant' || value.form === 'single' || isLoaded(value)) return true;
    if (isReduction(value) || value.operation === 'pick') return false;
    if (value.operands.every((operand) => isThere(operand, false))) return true;
    if (!assuming) return false;
    if (value.operation !== 'where') return value.operands.every((operand) => isThere(operand, true));
    const [condition, , other] = value.operands as readonly [Value, Value, Value];
    if (!isOwn(condition, value.access[0]!) || !isThere(condition, false) || !isThere(other, true)) return false;
    conditions.add(condition);
    return true;
  }

  /** Whether a condition is each row's own, not one number for all of them. */
  function isOwn({ operation, form }: Value, access: Access): boolean {
    return access === 'same' && operation !== 'constant' && form !== 'single';
  }

  /** Whether all elements are 0 where a number of their row is. */
  function vanishes(value: Value): boolean {
    const condition = chosenByRow(value);
    if (condition === undefined || value.form !== 'full' || isLoaded(value)) return false;
    if (value.operands[2]!.number !== 0 || !isThere(condition, false)) return false;
    conditions.add(condition);
    return true;
  }

  const ofElements = stages.flatMap(({ stores, reductions, columnReductions }) => [
    ...stores,
    ...[...reductions, ...columnReductions]
      .filter(({ form }) => form !== 'row')
      .map(({ operation, operands }) => (operation === 'sum' || operation === 'columnSum' ? operands[0] : undefined)),
  ]);
  const ofRows = [...rowStores, ...rowReductions.map(({ operands }) => operands[0]!)];
  const skips =
    ofElements.every((value) => value !== undefined && vanishes(value)) &&
    ofRows.every((value) => isThere(value, true));
  return skips && conditions.size > 0 && stages.length > 0 ? conditions : undefined;
}
