/** The threshold of conformal sets: the score that so many calibration rows do not exceed. */
import type { Backend } from '../../backend.ts';
import { argSort } from '../../ops/argSort.ts';
import { holdsDoubles } from '../../ops/holdsDoubles.ts';
import { sumBefore } from '../../ops/sumBefore.ts';
import { takeAlong } from '../../ops/takeAlong.ts';
import type { Rows } from '../../rowMetric.ts';

/**
 * The ⌈(n + 1)(1 − α)⌉-th smallest of the scores [rows]; Infinity where there are not as many rows. With weights the least
 * score up to which the weights reach (W + 1)(1 − α): a weight of 2 is two rows.
 */
export function conformalQuantile<T>(backend: Backend<T>, scores: T, rows: Rows<T>, miscoverage: number): T {
  const { size, weights } = rows;
  const line = (values: T) => backend.reshape(values, [1, size]);
  const order = argSort(backend, line(scores));
  const falling = takeAlong(backend, line(scores), order);
  if (weights === undefined) {
    // (n + 1)(1 − α) may be a whole number that rounding has raised.
    const rank = Math.ceil((size + 1) * (1 - miscoverage) - 1e-9);
    if (rank > size) return backend.scalar(Infinity);
    const place = backend.fromHost({ data: Int32Array.of(size - rank), shape: [1, 1] });
    return backend.sum(takeAlong(backend, falling, place));
  }
  const own = takeAlong(backend, line(weights), order);
  const total = backend.sum(weights);
  const upTo = backend.subtract(total, sumBefore(backend, own));
  // What rounding may have raised: sums of weights are as precise as the backend.
  const rounding = holdsDoubles(backend) ? 1e-12 : 1e-6;
  const wanted = backend.multiply(
    backend.add(total, backend.scalar(1)),
    backend.scalar((1 - miscoverage) * (1 - rounding)),
  );
  const none = backend.scalar(-Infinity);
  const negative = backend.subtract(backend.scalar(0), falling);
  const enough = backend.where(backend.greater(upTo, wanted), negative, none);
  return backend.subtract(backend.scalar(0), backend.max(backend.where(own, enough, none)));
}
