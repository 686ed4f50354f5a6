/**
 * How large numbers can be. A product is taken once a row in place of once an element only where it is certain to be as good:
 * of 10²⁰·10²⁰ and an element 0, or one of 10⁻²⁵, nothing is left.
 */
import { ordinaryPower } from './graph.ts';
import { isAtLeastOne } from './softmax.ts';
import { isNumber, isSoftmaxExponential, type Value } from './values.ts';

/** Powers of 2 that a number's size lies between, unless it is 0 or NaN. */
interface Range {
  readonly least: number;
  readonly most: number;
}

/** A sum has fewer than 2³¹ terms. */
const mostTerms = 31;
const ordinary: Range = { least: -ordinaryPower, most: ordinaryPower };

const exactly = (size: number): Range => ({ least: Math.log2(size), most: Math.log2(size) });

/** Products and choices within one another that are looked into: of squares of squares there would be very many. */
const deepest = 10;

/** The range of a number; undefined where it may be any. */
function rangeOf(value: Value, depth = 0): Range | undefined {
  const { operation, operands, number, hasOrdinarySize } = value;
  if (number === 0) return exactly(1);
  if (operation === 'constant') {
    if (!hasOrdinarySize) return undefined;
    return number === undefined ? ordinary : exactly(Math.abs(number));
  }
  if (depth === deepest) return undefined;
  if (operation === 'divide')
    return isInverseOfAtLeastOne(value) ? { least: -mostTerms, most: 0 } : quotientRange(value, depth);
  if (operation === 'sum') {
    const [x] = operands as readonly [Value];
    const range = isNeverNegative(x) ? rangeOf(x, depth + 1) : undefined;
    return range && { least: range.least, most: range.most + mostTerms };
  }
  if (operation !== 'multiply' && operation !== 'where') return undefined;
  const [a, b] = operands.slice(-2).map((operand) => rangeOf(operand, depth + 1));
  if (a === undefined || b === undefined) return undefined;
  if (operation === 'multiply') return { least: a.least + b.least, most: a.most + b.most };
  return { least: Math.min(a.least, b.least), most: Math.max(a.most, b.most) };
}

/** The range of a quotient whose divisor is certain not to be 0: the share of a row in the number of rows that count. */
function quotientRange({ operands }: Value, depth: number): Range | undefined {
  const [a, b] = operands as readonly [Value, Value];
  if (!isNeverZero(b)) return undefined;
  const [above, below] = [rangeOf(a, depth + 1), rangeOf(b, depth + 1)];
  return above && below && { least: above.least - below.most, most: above.most - below.least };
}

/** Whether a number is certain to be at least 0: so are sums of such, and none of them takes another's size away. */
function isNeverNegative({ operation, operands, number, sign }: Value): boolean {
  if (operation === 'where') return operands.slice(1).every(isNeverNegative);
  return operation === 'constant' && (number === undefined ? sign > 0 : number >= 0);
}

/** Whether a number is certain not to be 0: a constant, or a choice of what it is where it is not 0. */
function isNeverZero({ operation, operands, access, number, sign }: Value): boolean {
  if (operation === 'constant') return number === undefined ? sign !== 0 : number !== 0;
  if (operation !== 'where') return false;
  const [condition, first, second] = operands as readonly [Value, Value, Value];
  const isItself = first === condition && access[0] === access[1];
  return (isItself || isNeverZero(first)) && isNeverZero(second);
}

/** Whether a value is 1/Σ of a softmax's exponentials, one of which is 1 in each row. */
function isInverseOfAtLeastOne({ operands }: Value): boolean {
  const [one, total] = operands as readonly [Value, Value];
  if (!isNumber(one, 1) || total.operation !== 'sum') return false;
  return isSoftmaxExponential(total.operands[0]!) && isAtLeastOne(total);
}

/**
 * Whether (x·a)·b = x·(a·b) beyond rounding: where the product of a and b is certain to be finite, and normal unless one of them is 0.
 * An exponential of a softmax is at most 1: what underflows in the product is nothing with it, and a factor of at most 1 is enough.
 */
export function canJoin(x: Value, a: Value, b: Value): boolean {
  const [first, second] = [rangeOf(a), rangeOf(b)];
  if (isSoftmaxExponential(x) && [first, second].some((range) => range !== undefined && range.most <= 0)) return true;
  if (first === undefined || second === undefined) return false;
  return first.least + second.least >= -126 && first.most + second.most <= 127;
}
