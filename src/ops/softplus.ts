import type { Backend } from '../backend.ts';

/** log(1 + exp x), element-wise: finite for every finite x, and exact to rounding where the result is tiny. */
export function softplus<T>(backend: Backend<T>, x: T): T {
  return backend.scope(() => {
    const zero = backend.scalar(0);
    const small = backend.exp(backend.subtract(zero, backend.abs(x)));
    return backend.add(
      backend.maximum(x, zero),
      backend.scope(() => logOnePlus(backend, small)),
    );
  });
}

// log(w)·e/(w − 1) with w = 1 + e as it was rounded: the rounding of w cancels, where log(1 + e) alone would lose it.
function logOnePlus<T>(backend: Backend<T>, e: T): T {
  const one = backend.scalar(1);
  const sum = backend.add(one, e);
  const rounded = backend.subtract(sum, one);
  const corrected = backend.divide(backend.multiply(backend.log(sum), e), rounded);
  return backend.where(rounded, corrected, e);
}
