import type { Backend } from '../backend.ts';

/** log(exp a + exp b), element-wise, for finite numbers of any size. */
export function logAddExp<T>(backend: Backend<T>, a: T, b: T): T {
  const larger = backend.maximum(a, b);
  const parts = backend.add(backend.exp(backend.subtract(a, larger)), backend.exp(backend.subtract(b, larger)));
  return backend.add(larger, backend.log(parts));
}
