/** Labels, numbers and weights that are none, counted on a device whose values cannot be read at once. */
import type { Backend } from '../backend.ts';

/** Counts, over rows that count, what a one-hot row does not find. */
export function strayLabels<T>(backend: Backend<T>, labels: T, classes: number | undefined, weights: T | undefined): T {
  const one = backend.scalar(1);
  const found =
    classes === undefined
      ? backend.greater(labels, backend.scalar(-0.5))
      : backend.sum(backend.oneHot(labels, classes), { axis: -1 });
  return countWhere(backend, backend.subtract(one, found), weights);
}

/** Counts, over rows that count, what is no finite number. */
export function strayNumbers<T>(backend: Backend<T>, numbers: T, weights: T | undefined): T {
  const fits = backend.greater(backend.scalar(Infinity), backend.abs(numbers));
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
