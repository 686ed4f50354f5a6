/** Labels, numbers and weights that are none, counted on a device whose values cannot be read at once. */
import type { Backend } from '../backend.ts';
import { takeAlong } from './takeAlong.ts';

/**
 * Counts, over rows that count, labels that are no place in a row of ones: no table of one-hot rows is needed for it. Where the
 * number of classes is not known, those that are below 0, not finite or not whole.
 */
export function strayLabels<T>(backend: Backend<T>, labels: T, classes: number | undefined, weights: T | undefined): T {
  const size = backend.shapeOf(labels)[0]!;
  const found =
    classes === undefined
      ? backend.multiply(
          backend.where(isFraction(backend, labels), backend.scalar(0), backend.scalar(1)),
          backend.multiply(
            backend.greater(labels, backend.scalar(-0.5)),
            backend.greater(backend.scalar(Infinity), labels),
          ),
        )
      : takeAlong(
          backend,
          backend.fromHost({ data: new Float32Array(classes).fill(1), shape: [1, classes] }),
          backend.reshape(labels, [1, size]),
        );
  const missed = backend.subtract(backend.scalar(1), backend.reshape(found, [size]));
  return countWhere(backend, missed, weights);
}

/** 1 for numbers from 0 that lie between whole ones: there is no operation that rounds, but sums round. */
function isFraction<T>(backend: Backend<T>, x: T): T {
  // From 2^23 on, 2^52 in float64, numbers are whole. A device that cannot be read does not say which it has: in float32 2^−200 is 0.
  const first = backend.where(backend.scalar(2 ** -200), backend.scalar(2 ** 52), backend.scalar(2 ** 23));
  const whole = backend.subtract(backend.add(x, first), first);
  const differs = backend.greater(backend.abs(backend.subtract(x, whole)), backend.scalar(0));
  return backend.multiply(differs, backend.greater(first, x));
}

/** Counts, over rows that count, NaN and, unless they may be there, infinities. */
export function strayNumbers<T>(backend: Backend<T>, numbers: T, weights: T | undefined, mayBeInfinite: boolean): T {
  const sizes = backend.abs(numbers);
  // NaN alone is not greater than −1.
  const fits = mayBeInfinite
    ? backend.greater(sizes, backend.scalar(-1))
    : backend.greater(backend.scalar(Infinity), sizes);
  return countWhere(backend, backend.subtract(backend.scalar(1), fits), weights);
}

/** Counts weights that are below 0 or not finite. */
export function strayWeights<T>(backend: Backend<T>, weights: T): T {
  const [zero, one] = [backend.scalar(0), backend.scalar(1)];
  const fits = backend.multiply(
    backend.subtract(one, backend.greater(zero, weights)),
    backend.greater(backend.scalar(Infinity), weights),
  );
  return backend.sum(backend.subtract(one, fits));
}

function countWhere<T>(backend: Backend<T>, fault: T, weights: T | undefined): T {
  return backend.sum(weights === undefined ? fault : backend.where(weights, fault, backend.scalar(0)));
}
