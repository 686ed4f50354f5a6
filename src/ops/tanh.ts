import type { Backend } from '../backend.ts';
import { exponentialMinusOne } from './exponentialRemainder.ts';
import { scale } from './scale.ts';

/** The hyperbolic tangent, to rounding for numbers of every size: (1 − e^{−2|x|})/(1 + e^{−2|x|}) with the sign of x. */
export function tanh<T>(backend: Backend<T>, x: T): T {
  return backend.scope(() => {
    const zero = backend.scalar(0);
    const fallen = exponentialMinusOne(backend, scale(backend, backend.abs(x), -2));
    const size = backend.divide(backend.subtract(zero, fallen), backend.add(fallen, backend.scalar(2)));
    return backend.where(backend.greater(zero, x), backend.subtract(zero, size), size);
  });
}
