/** The algebra's rules for sums. */
import type { Access } from './access.ts';
import { type Algebra, accessBySize, asScaled, isInverseOfTotal, isOfRow, type ReduceCall } from './algebra.ts';
import { isNumber, type Value } from './values.ts';

/** What a one-hot row selects needs no walk: Σ oneHot is whether there is a 1, Σ where(oneHot, x, 0) one element. */
export function oneHotSum(algebra: Algebra, { x, width }: ReduceCall): Value | undefined {
  const rows = x.size / width;
  const isOneHot = ({ operation, extent, operands }: Value): boolean =>
    operation === 'oneHot' && extent === width && operands[0]!.size === rows;
  if (isOneHot(x)) return algebra.make('inRange', [x.operands[0]!], ['same'], rows, width);
  if (x.operation === 'divide') return selectedQuotient(algebra, x, width);
  const [condition, chosen, other] = x.operands as readonly [Value, Value, Value];
  if (x.operation !== 'where' || !isOneHot(condition) || !isNumber(other, 0)) return undefined;
  if (x.access[0] !== 'same' || x.access[1] !== 'same') return undefined;
  return algebra.make('pick', [chosen, condition.operands[0]!], ['same', 'same'], rows, width);
}

/** Σ where(oneHot, x, 0)/r, where r is 1 for the row's label in the same range, and else 0: NaN then on both sides. */
function selectedQuotient(algebra: Algebra, { operands, access }: Value, width: number): Value | undefined {
  const [selected, labelled] = operands as readonly [Value, Value];
  if (labelled.operation !== 'inRange' || labelled.extent !== width) return undefined;
  // In a square the same numbers may be those of the columns.
  if (access[0] !== 'same' || !isOfRow(access[1]!) || selected.size / width !== labelled.size) return undefined;
  const picked = oneHotSum(algebra, { operation: 'sum', x: selected, width });
  if (picked?.operation !== 'pick' || picked.operands[1] !== labelled.operands[0]) return undefined;
  return algebra.elementwise('divide', [picked, labelled], ['same', 'same'], labelled.size);
}

/** The access of a number of a row, or of all, to the rows' own numbers; undefined where it is another row's. */
function toRows(access: Access, from: number, rows: number): Access | undefined {
  if (access === 'single') return accessBySize(1, rows);
  return access === 'row' && from === rows ? 'same' : undefined;
}

/**
 * Σ x·r = r·Σ x, once a row in place of once an element, and a walk earlier where r is made of a sum. Only for an r that is
 * certain to be finite and not 0 (a constant, the inverse of a softmax's total): any other would turn NaN into ±Infinity.
 */
export function scaledSum(algebra: Algebra, { x, width }: ReduceCall): Value | undefined {
  const scaled = asScaled(x);
  const rows = x.size / width;
  const access = scaled && toRows(scaled.access, scaled.factor.size, rows);
  if (access === undefined) return undefined;
  const { element, factor } = scaled!;
  if (factor.sign === 0 && !isInverseOfTotal(factor, element)) return undefined;
  return algebra.elementwise('multiply', [algebra.reduce('sum', element, width), factor], ['same', access], rows);
}

/** Σ (x − r) = Σ x − n·r, where r is the logarithm of a sum itself, as in a softmax: a walk earlier. */
export function differenceSum(algebra: Algebra, { x, width }: ReduceCall): Value | undefined {
  const rows = x.size / width;
  if (x.operation !== 'subtract' || x.access[0] !== 'same') return undefined;
  const [element, log] = x.operands as readonly [Value, Value];
  const access = log.operation === 'log' ? toRows(x.access[1]!, log.size, rows) : undefined;
  if (access === undefined) return undefined;
  const count = algebra.parameter({ number: width }, 1, true);
  const times = algebra.elementwise('multiply', [log, count], ['same', accessBySize(1, log.size)], log.size);
  return algebra.elementwise('subtract', [algebra.reduce('sum', element, width), times], ['same', access], rows);
}
