/** How the elements of a result find theirs in an operand that it broadcasts. */
import type { Shape } from '../backend.ts';

/** Element by element, one for each row, one for each column, or one for all. */
export type Access = 'same' | 'row' | 'column' | 'single';

/** An operand's access, and the length of a row where that decides which rows and columns there are. */
export interface OperandAccess {
  readonly access: Access;
  readonly columns: number | undefined;
}

const same: OperandAccess = { access: 'same', columns: undefined };
const single: OperandAccess = { access: 'single', columns: undefined };

/** The access of an operand of one shape to a result of another; undefined where rows and columns do not express it. */
export function accessOf(from: Shape, fromSize: number, to: Shape, toSize: number): OperandAccess | undefined {
  if (fromSize === toSize) return same;
  if (fromSize === 1) return single;
  const added = to.length - from.length;
  const extentAt = (axis: number): number => (axis < added ? 1 : from[axis - added]!);
  let first = 0;
  while (extentAt(first) === 1) first++;
  let last = to.length - 1;
  while (extentAt(last) === 1) last--;
  // Axes of extent 1 on both sides belong to either end.
  const fits = (start: number, end: number): boolean => {
    for (let axis = start; axis < end; axis++) if (extentAt(axis) !== to[axis]) return false;
    return true;
  };
  if (fits(0, last + 1)) return { access: 'row', columns: toSize / fromSize };
  if (fits(first, to.length)) return { access: 'column', columns: fromSize };
  return undefined;
}
