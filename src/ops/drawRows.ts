/** Rows drawn at random, by the backend or on the host: the same rows either way. */
import type { Backend, RowDraw } from '../backend.ts';
import { randomBelow } from '../random.ts';
import type { HostTensor } from '../tensor.ts';

/** How many rows a sample may get. */
export function poolSize({ rows, skips }: RowDraw, sample: number): number {
  return rows - skips[4 * sample + 1]! - skips[4 * sample + 3]!;
}

/** The row of a number below the pool's size. */
export function rowOf({ order, skips }: RowDraw, sample: number, number: number): number {
  let place = number;
  if (place >= skips[4 * sample]!) place += skips[4 * sample + 1]!;
  if (place >= skips[4 * sample + 2]!) place += skips[4 * sample + 3]!;
  return order === undefined ? place : order[place]!;
}

/** The rows of a draw, [samples, count], int32. */
export function drawRowsOnHost(draw: RowDraw): HostTensor {
  const { seed, count, skips } = draw;
  const samples = skips.length / 4;
  const data = new Int32Array(samples * count);
  for (let sample = 0; sample < samples; sample++) {
    const size = poolSize(draw, sample);
    for (let index = sample * count; index < (sample + 1) * count; index++) {
      data[index] = rowOf(draw, sample, randomBelow(seed, index, size));
    }
  }
  return { data, shape: [samples, count] };
}

/** The rows of a draw, [samples, count], on a backend. */
export function drawRows<T>(backend: Backend<T>, draw: RowDraw): T {
  return backend.drawRows?.(draw) ?? backend.fromHost(drawRowsOnHost(draw));
}
