/** Element-wise arithmetic on tensors longer than what devices take at a time. */
import { filled, on, type Requirement } from './requirements.ts';

/** A size that is no multiple of what devices take at a time. */
const long = 1003;
const binary = {
  add: (x: number, y: number) => x + y,
  subtract: (x: number, y: number) => x - y,
  multiply: (x: number, y: number) => x * y,
  divide: (x: number, y: number) => x / y,
  maximum: Math.max,
  greater: (x: number, y: number) => Number(x > y),
};
const unary = { exp: Math.exp, log: Math.log, sqrt: Math.sqrt, abs: Math.abs };
const first = filled([long], (at) => (at % 5) - 2);
const second = filled([long], (at) => (at % 3) + 1);

export const longRequirements: readonly Requirement[] = [
  ...(Object.keys(binary) as (keyof typeof binary)[]).map(
    (name): Requirement => [
      `${name} reaches every element of a long tensor`,
      (b) => b[name](on(b, first), on(b, second)),
      filled([long], (at) => binary[name](first.data[at]!, second.data[at]!)),
    ],
  ),
  ...(Object.keys(unary) as (keyof typeof unary)[]).map(
    (name): Requirement => [
      `${name} reaches every element of a long tensor`,
      (b) => b[name](on(b, second)),
      filled([long], (at) => unary[name](second.data[at]!)),
    ],
  ),
  [
    'where reaches every element of a long tensor',
    (b) => b.where(on(b, first), on(b, second), b.scalar(7)),
    filled([long], (at) => (first.data[at] !== 0 ? second.data[at]! : 7)),
  ],
  [
    'operations reach the last element of what they broadcast',
    (b) =>
      b.add(
        on(
          b,
          filled([37, 1], (at) => at),
        ),
        on(
          b,
          filled([29], (at) => 100 * at),
        ),
      ),
    filled([37, 29], (at) => Math.floor(at / 29) + 100 * (at % 29)),
  ],
];
