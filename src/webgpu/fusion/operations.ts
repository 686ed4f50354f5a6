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
export function expressionOf({ operation }: Value, operands: readonly string[], shader: Shader): string {
  const [a = '', b = ''] = operands;
  const join = binary[operation];
  if (join !== undefined) return join(a, b);
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

/** The condition of a `greater`. */
export function exceeds({ operands }: Value, [a, b]: readonly string[]): string {
  // The bits of numbers from 0 on are in the order of the numbers, and a NaN's come last.
  const [bound, x] = operands as readonly [Value, Value];
  if (x.operation === 'abs' && (bound.sign > 0 || isNumber(bound, 0))) {
    return `bitcast<u32>(${b}) < bitcast<u32>(${a})`;
  }
  return `exceeds(${a}, ${b})`;
}

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
export function knownNumber({ operation, operands, number }: Value): number | undefined {
  if (operation === 'constant') return number;
  const numbers: number[] = [];
  for (const operand of operands) {
    const known = knownNumber(operand);
    if (known === undefined) return undefined;
    numbers.push(Math.fround(known));
  }
  const compute = onHost[operation];
  return numbers.length > 0 && compute !== undefined ? Math.fround(compute(...numbers)) : undefined;
}

const onHost: Partial<Readonly<Record<ValueOperation, (...numbers: number[]) => number>>> = {
  add: (a, b) => a! + b!,
  subtract: (a, b) => a! - b!,
  multiply: (a, b) => a! * b!,
  divide: (a, b) => a! / b!,
  maximum: Math.max,
  greater: (a, b) => (a! > b! ? 1 : 0),
  where: (condition, a, b) => (condition !== 0 ? a! : b!),
  exp: Math.exp,
  fallingExp: Math.exp,
  power: (x) => 2 ** x!,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
};
