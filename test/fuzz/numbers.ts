/** Random numbers of every kind that a loss or metric takes, from harmless to extreme. */
import type { Dice } from './dice.ts';

/** What the fuzz computes with: doubles, row-major. */
export interface Numbers {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

export type Batch = Readonly<Record<string, Numbers>>;

/**
 * How the numbers of a case lie. `'masked'`: −Infinity at the same places of both sides; `'oneSided'`: at places of its own on
 * each; `'near'`: the sides differ by about 1e-3; `'zeroRows'`: some rows are zeros.
 */
export type Regime =
  | 'plain'
  | 'ties'
  | 'near'
  | 'equal'
  | 'wide'
  | 'huge'
  | 'tiny'
  | 'constant'
  | 'masked'
  | 'oneSided'
  | 'zeroRows';

/** Those that float32 holds without loss of what matters. */
export const mild: readonly Regime[] = ['plain', 'plain', 'plain', 'ties', 'near', 'equal', 'constant', 'masked'];
const harsh: readonly Regime[] = ['wide', 'huge', 'tiny', 'oneSided', 'zeroRows', ...mild];

export function regimeOf(dice: Dice, ...allowed: readonly Regime[]): Regime {
  return dice.pick(allowed.length > 0 ? allowed : harsh);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

export function filled(shape: readonly number[], value: (index: number) => number): Numbers {
  return { data: Float64Array.from({ length: sizeOf(shape) }, (_, index) => value(index)), shape };
}

/** One side's numbers; `like` is the other side, where this one is to lie near it. */
export function side(dice: Dice, shape: readonly number[], regime: Regime, like?: Numbers): Numbers {
  const constant = dice.normal();
  const element = (): number => {
    switch (regime) {
      case 'ties':
        return dice.whole(-2, 2);
      case 'wide':
        return 300 * dice.normal();
      case 'huge':
        return 1e30 * dice.normal();
      case 'tiny':
        return 1e-30 * dice.normal();
      case 'constant':
        return constant;
      default:
        return 2 * dice.normal();
    }
  };
  if (like !== undefined && sizeOf(like.shape) === sizeOf(shape)) {
    if (regime === 'equal') return { data: like.data.slice(), shape };
    if (regime === 'near') return { data: like.data.map((value) => value + 1e-3 * dice.normal()), shape };
  }
  const made = filled(shape, element);
  if (regime === 'zeroRows') {
    const size = sizeOf(shape.slice(1)) || 1;
    for (let row = 0; row < made.data.length; row += size) {
      if (dice.chance(0.5)) made.data.fill(0, row, row + size);
    }
  }
  return made;
}

/** Both sides' logits. A row keeps at least one class on both sides. */
export function logitSides(dice: Dice, shape: readonly number[], regime: Regime): readonly [Numbers, Numbers] {
  const first = side(dice, shape, regime);
  const second = side(dice, shape, regime, first);
  const classes = shape.at(-1)!;
  if (regime === 'masked' || regime === 'oneSided') {
    for (let row = 0; row < first.data.length; row += classes) {
      const kept = dice.below(classes);
      for (let column = 0; column < classes; column++) {
        if (column === kept || !dice.chance(0.4)) continue;
        const both = regime === 'masked';
        const which = dice.below(2);
        if (both || which === 0) first.data[row + column] = -Infinity;
        if (both || which === 1) second.data[row + column] = -Infinity;
      }
    }
  }
  return [first, second];
}

/** log p of rows of logits. */
export function logSoftmax({ data, shape }: Numbers): Numbers {
  const classes = shape.at(-1)!;
  const logs = data.slice();
  for (let row = 0; row < data.length; row += classes) {
    const values = data.subarray(row, row + classes);
    const highest = values.reduce((most, value) => Math.max(most, value), -Infinity);
    const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0)) + highest;
    for (let column = 0; column < classes; column++) logs[row + column] = values[column]! - total;
  }
  return { data: logs, shape };
}

export function exponential({ data, shape }: Numbers): Numbers {
  return { data: data.map(Math.exp), shape };
}

/** Class numbers; now and then −100, where that is a mask. */
export function labels(dice: Dice, shape: readonly number[], classes: number, ignored?: number): Numbers {
  return filled(shape, () => (ignored !== undefined && dice.chance(0.2) ? ignored : dice.below(classes)));
}

/** Weights: zeros, ones, twos, fractions. */
export function weights(dice: Dice, shape: readonly number[]): Numbers {
  return filled(shape, () => dice.pick([0, 1, 1, 2, 0.5, 0.25]));
}

/** Ones and zeros. */
export function mask(dice: Dice, shape: readonly number[]): Numbers {
  return filled(shape, () => (dice.chance(0.75) ? 1 : 0));
}

/** Shapes of rows. */
export function rowShape(dice: Dice): readonly number[] {
  return dice.pick([[], [1], [2], [3], [4], [5], [2, 2], [3, 2], [1, 3]]);
}

/** Rows of an input along its first axis, in this order. */
export function takeRows({ data, shape }: Numbers, rows: readonly number[]): Numbers {
  const size = sizeOf(shape.slice(1));
  const taken = new Float64Array(rows.length * size);
  rows.forEach((row, at) => {
    taken.set(data.subarray(row * size, (row + 1) * size), at * size);
  });
  return { data: taken, shape: [rows.length, ...shape.slice(1)] };
}

/** A random order of [0, n). */
export function shuffled(dice: Dice, n: number): readonly number[] {
  const order = Array.from({ length: n }, (_, index) => index);
  for (let at = n - 1; at > 0; at--) {
    const other = dice.below(at + 1);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}
