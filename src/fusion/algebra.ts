/** What the rules of the algebra work with: how values are made through them, and what they recognise. */
import type { Access } from './access.ts';
import { isNumber, type Value, type ValueOperation, type ValueTable } from './values.ts';

/** An element-wise operation that is about to be made. */
export interface Call {
  readonly operation: ValueOperation;
  readonly operands: readonly Value[];
  readonly access: readonly Access[];
  readonly size: number;
}

/** A reduction that is about to be made: every `width` elements of `x` become one. */
export interface ReduceCall {
  readonly operation: 'sum' | 'max' | 'quietMax';
  readonly x: Value;
  readonly width: number;
}

/** Makes values, by the rules; `make` of the table makes what it is told. */
export interface Algebra extends ValueTable {
  elementwise(operation: ValueOperation, operands: readonly Value[], access: readonly Access[], size: number): Value;
  reduce(operation: ReduceCall['operation'], x: Value, width: number): Value;
}

/** What to make in a call's place; undefined where the rule does not apply. */
export type Rule = (algebra: Algebra, call: Call) => Value | undefined;
/** The same of a reduction. */
export type ReduceRule = (algebra: Algebra, call: ReduceCall) => Value | undefined;

/** How one number, or as many as there are elements, takes part in a result. */
export function accessBySize(from: number, to: number): Access {
  return from === to ? 'same' : 'single';
}

/** Whether an operand is read as a number of the element's row, or of all: not as one of its column. */
export function isOfRow(access: Access): boolean {
  return access === 'row' || access === 'single';
}

/** A product of an element and a number of its row, or of all. */
export interface Scaled {
  readonly element: Value;
  readonly factor: Value;
  readonly access: Access;
}

/** A value as such a product; undefined where it is none. */
export function asScaled({ operation, operands, access, size }: Value | Call): Scaled | undefined {
  if (operation !== 'multiply') return undefined;
  const [a, b] = operands as readonly [Value, Value];
  const [accessA, accessB] = access as readonly [Access, Access];
  if (a.size === size && isOfRow(accessB)) return { element: a, factor: b, access: accessB };
  if (b.size === size && isOfRow(accessA)) return { element: b, factor: a, access: accessA };
  return undefined;
}

/**
 * The product of two such factors, and its access; undefined where their rows are not parts of each other's. A sample's
 * number beside those of its positions is one for several of them.
 */
export function joinFactors(
  algebra: Algebra,
  first: Omit<Scaled, 'element'>,
  second: Omit<Scaled, 'element'>,
): Omit<Scaled, 'element'> | undefined {
  const [large, small] = first.factor.size >= second.factor.size ? [first, second] : [second, first];
  const { size } = large.factor;
  const share = size / small.factor.size;
  if (!Number.isInteger(share)) return undefined;
  const access: readonly Access[] = [
    'same',
    small.factor.size === 1 || share === 1 ? accessBySize(small.factor.size, size) : 'row',
  ];
  return { factor: algebra.elementwise('multiply', [large.factor, small.factor], access, size), access: large.access };
}

/** 1/x for each row, or for all. */
export function inverse(algebra: Algebra, x: Value): Value {
  return algebra.make('divide', [algebra.constant(1), x], [accessBySize(1, x.size), 'same'], x.size);
}

/** Whether a number of a row has 1/Σe of the row's exponentials as a factor: its product with one of them is bounded. */
export function hasInverseOfTotal(factor: Value, exponential: Value): boolean {
  return [...factorsOf(factor)].some((own) => isInverseOfTotal(own, exponential));
}

/** The factors of a product, and the products among them, each once: of squares of squares there are few. */
function factorsOf(product: Value, found: Set<Value> = new Set()): ReadonlySet<Value> {
  if (found.has(product)) return found;
  found.add(product);
  if (product.operation === 'multiply') for (const operand of product.operands) factorsOf(operand, found);
  return found;
}

/** Whether a number of a row is 1/Σe of that row's exponentials: between 0 and 1, or NaN where a logit is. */
export function isInverseOfTotal({ operation, operands }: Value, exponential: Value): boolean {
  if (operation !== 'divide') return false;
  const [one, total] = operands as readonly [Value, Value];
  return isNumber(one, 1) && total.operation === 'sum' && total.operands[0] === exponential;
}
