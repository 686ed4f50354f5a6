import type { Backend } from '../backend.ts';

/** 1/(1 + exp(−x)), element-wise; 0 and 1 in the limits, also where the exponential overflows. */
export function sigmoid<T>(backend: Backend<T>, x: T): T {
  const one = backend.scalar(1);
  return backend.divide(one, backend.add(one, backend.exp(backend.subtract(backend.scalar(0), x))));
}
