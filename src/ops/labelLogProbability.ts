import type { Backend } from '../backend.ts';
import { logSoftmax } from './logSoftmax.ts';

/**
 * The log-probability of each row's label, [rows], from logits or probabilities [rows, classes]. A label without a class
 * (an ignored row) gives 0; a label of probability 0 gives −Infinity.
 */
export function labelLogProbability<T>(backend: Backend<T>, scores: T, labels: T, from: 'logits' | 'probabilities'): T {
  const oneHot = backend.oneHot(labels, backend.shapeOf(scores)[1]!);
  const zero = backend.scalar(0);
  if (from === 'logits') {
    return backend.sum(backend.where(oneHot, logSoftmax(backend, scores), zero), { axis: -1 });
  }
  const chosen = backend.sum(backend.where(oneHot, scores, zero), { axis: -1 });
  const labelled = backend.sum(oneHot, { axis: -1 });
  return backend.where(labelled, backend.log(chosen), zero);
}
