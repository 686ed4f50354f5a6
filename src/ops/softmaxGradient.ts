import type { Backend } from '../backend.ts';
import { expectation } from './expectation.ts';

/**
 * From the gradient g in the probabilities q of a softmax to that in its logits: q·(g − Σ q·g). A class of probability 0
 * gets 0, whatever g is there; a q that is NaN stays NaN.
 */
export function softmaxGradient<T>(backend: Backend<T>, probabilities: T, gradient: T): T {
  const centred = backend.subtract(gradient, expectation(backend, probabilities, gradient, true));
  return backend.where(probabilities, backend.multiply(probabilities, centred), backend.scalar(0));
}
