/** Element-wise operations as WGSL, and constants, which WGSL forbids to be infinite. */
import { isNumber, type Value, type ValueOperation } from '../../fusion/values.ts';
import type { Shader } from './shader.ts';

const binary: Partial<Readonly<Record<ValueOperation, (a: string, b: string) => string>>> = {
  add: (a, b) => `${a} + ${b}`,
  subtract: (a, b) => `${a} - ${b}`,
  multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / ${b}`,
  maximum: (a, b) => `larger(${a}, ${b})`,
};

/** The expression of an operation over names of its operands; choices and comparisons have conditions, see `conditionOf`. */
export function expressionOf(value: Value, names: readonly string[], shader: Shader): string {
  const { operation } = value;
  const [a = '', b = ''] = names;
  const join = binary[operation];
  if (join !== undefined) return operation === 'maximum' ? join(a, b) : join(...unfolded(value, [a, b], shader));
  switch (operation) {
    case 'exp':
      return shader.call('exponential', a);
    case 'fallingExp':
      return shader.call('fallingExponential', a);
    case 'power':
      return shader.call('powerOfTwo', a);
    case 'log':
      return shader.call('logarithm', a);
    case 'sqrt':
      return `sqrt(${a})`;
    case 'abs':
      return `bitcast<f32>(bitcast<u32>(${a}) & 0x7fffffffu)`;
    case 'spread':
      return a;
    default:
      throw new Error(`fusion: operation must be one of elements, got ${operation}.`);
  }
}

const folding: ReadonlySet<ValueOperation> = new Set(['add', 'subtract', 'multiply', 'divide']);

/**
 * The operands of an arithmetic operation as no optimiser sees them. Optimisers take 0·x for 0, (x + y) − y for x and y·(1/y)
 * for 1: a NaN would be lost, and the rounding that a formula takes off again.
 */
function unfolded({ operands }: Value, [a, b]: readonly [string, string], shader: Shader): readonly [string, string] {
  const [x, y] = operands as readonly [Value, Value];
  const told = (name: string): string => (name === zero ? shader.hidden('0u') : name);
  const hides = (inner: Value, other: Value): boolean => folding.has(inner.operation) && inner.operands.includes(other);
  if (hides(x, y)) return [shader.hidden(`bitcast<u32>(${a})`), told(b)];
  if (hides(y, x)) return [told(a), shader.hidden(`bitcast<u32>(${b})`)];
  return [told(a), told(b)];
}

/** The condition of a `greater`. */
export function exceeds({ operands }: Value, [a, b]: readonly string[]): string {
  // The bits of numbers from 0 on are in the order of the numbers, and a NaN's come last.
  const [bound, x] = operands as readonly [Value, Value];
  if (x.operation === 'abs' && (bound.sign > 0 || isNumber(bound, 0))) {
    return `bitcast<u32>(${b}) < bitcast<u32>(${a})`;
  }
  return `exceeds(${a}, ${b})`;
}

const zero = '0.0';

/** A number in WGSL. */
export function literal(number: number): string {
  if (Number.isNaN(number)) return 'notANumber()';
  if (!Number.isFinite(number)) return number > 0 ? 'infinity()' : '(-infinity())';
  const text = String(number);
  const float = /[.e]/.test(text) ? text : `${text}.0`;
  return number < 0 ? `(${float})` : float;
}

/**
 * The number of a value that is made of constants of the structure alone. An expression of such constants is WGSL's to
 * compute, which refuses a program whose result is not finite.
 */
export function knownNumber(value: Value): number | undefined {
  const { operation, operands, number } = value;
  if (operation === 'constant') return number;
  const side = knownSide(value);
  if (side !== undefined) return knownNumber(operands[side]!);
  // Where no column is named, that is what is left too.
  if (operation === 'pick' && Object.is(knownNumber(operands[0]!), 0)) return 0;
  const numbers: number[] = [];
  for (const operand of operands) {
    const known = knownNumber(operand);
    if (known === undefined) return undefined;
    numbers.push(Math.fround(known));
  }
  const compute = onHost[operation];
  return numbers.length > 0 && compute !== undefined ? Math.fround(compute(...numbers)) : undefined;
}

/**
 * The operand that a choice comes to whatever the data, since its condition is such a number or its sides are one: an
 * optimiser would see that too, and take a product with what is 0 on both sides for 0. Undefined for what is no such choice.
 */
export function knownSide({ operation, operands, access }: Value): 1 | 2 | undefined {
  if (operation !== 'where') return undefined;
  if (operands[1] === operands[2] && access[1] === access[2]) return 1;
  const other = knownNumber(operands[2]!);
  if (other !== undefined && Object.is(knownNumber(operands[1]!), other)) return 1;
  const condition = knownNumber(operands[0]!);
  return condition === undefined ? undefined : condition !== 0 ? 1 : 2;
}

const onHost: Partial<Readonly<Record<ValueOperation, (...numbers: number[]) => number>>> = {
  add: (a, b) => a! + b!,
  subtract: (a, b) => a! - b!,
  multiply: (a, b) => a! * b!,
  divide: (a, b) => a! / b!,
  maximum: Math.max,
  greater: (a, b) => (a! > b! ? 1 : 0),
  exp: Math.exp,
  fallingExp: Math.exp,
  power: (x) => 2 ** x!,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
};
