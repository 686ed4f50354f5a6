/** A seeded source of chance of the fuzz's own, so that what is tested does not choose its tests. */
export interface Dice {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, n). */
  below(n: number): number;
  /** A whole number in [least, most]. */
  whole(least: number, most: number): number;
  pick<const Item>(items: readonly Item[]): Item;
  chance(probability: number): boolean;
  /** Normal, of mean 0 and deviation 1. */
  normal(): number;
  /** 10 to a power between two. */
  size(least: number, most: number): number;
}

/** The chance of one case: the same seed, the same case, on every machine. */
export function makeDice(seed: number): Dice {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  for (let warmUp = 0; warmUp < 4; warmUp++) next();
  return {
    next,
    below,
    whole: (least, most) => least + below(most - least + 1),
    pick: (items) => items[below(items.length)]!,
    chance: (probability) => next() < probability,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    size: (least, most) => 10 ** (least + (most - least) * next()),
  };
}
