import type { Backend } from '../../backend.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import type { PairForm, Representation } from './pairSimilarity.ts';

/** The dot products of a set's centred samples. */
function represent<T>(backend: Backend<T>, activations: T): Representation<T> {
  const { centred } = centredSamples(backend, activations);
  return { statistics: { gram: backend.matMul(centred, centred, { transposeB: true }) }, working: {} };
}

/**
 * The form for few samples of many features: what two sets have in common follows from their Gram matrices, of a size that
 * depends on the samples alone. It takes one batch.
 */
export const sampleGram: PairForm = {
  name: 'gram',
  sets: { gram: { shape: ['samples', 'samples'], degree: 2 } },
  pairs: {},
  represent,
  relate: () => ({}),
  ofItself: () => ({}),
};
