/** Orders of samples: all of them where they are few, else as many as asked for at random. */
import { deriveSeed, randomPermutation } from '../../random.ts';

/** The orders that a permutation test tries, and whether they are all there are but the given one. */
export interface SampleOrders {
  readonly isExact: boolean;
  readonly count: number;
  orders(): Iterable<Int32Array>;
}

/** All n! − 1 others where there are no more than `count`, else `count` at random. */
export function sampleOrders(samples: number, count: number, seed: number): SampleOrders {
  let others = 1;
  for (let factor = 2; factor <= samples && others - 1 <= count; factor++) others *= factor;
  if (others - 1 <= count) return { isExact: true, count: others - 1, orders: () => otherOrders(samples) };
  return { isExact: false, count, orders: () => randomOrders(samples, count, seed) };
}

function* randomOrders(samples: number, count: number, seed: number): Iterable<Int32Array> {
  for (let draw = 0; draw < count; draw++) yield randomPermutation(deriveSeed(seed, draw), samples);
}

/** All orders after the given one, as words in a dictionary. */
function* otherOrders(samples: number): Iterable<Int32Array> {
  const order = Int32Array.from({ length: samples }, (_, index) => index);
  for (;;) {
    let last = samples - 2;
    while (last >= 0 && order[last]! > order[last + 1]!) last--;
    if (last < 0) return;
    let next = samples - 1;
    while (order[next]! < order[last]!) next--;
    [order[last], order[next]] = [order[next]!, order[last]!];
    order.subarray(last + 1).reverse();
    yield order.slice();
  }
}
