import { mergePairProducts, mergeSetProducts, pairProducts, setProducts, traceOf } from './crossProducts.ts';
import type { PairSimilarity, PairStatistics } from './pairSimilarity.ts';

/** Whether a measure of two sets of activations is defined, and why not. */
export type ActivationStatus = 'ok' | 'constantX' | 'constantY' | 'constantBoth';

/** Which of two sets has no variance at all. */
export function activationStatus({ x, y }: PairStatistics): ActivationStatus {
  const [constantX, constantY] = [traceOf(x.products!) === 0, traceOf(y.products!) === 0];
  if (constantX && constantY) return 'constantBoth';
  return constantX ? 'constantX' : constantY ? 'constantY' : 'ok';
}

/** Cross-products are [width, width] and are decomposed on the host: beyond this, nobody would wait for it. */
const GREATEST_WIDTH = 4096;

/**
 * A measure that is made of centred cross-products alone: it streams and merges exactly. Metrics made of it have it as
 * their reference: a fused kernel of these statistics serves them all, and needs none of what finishes them.
 */
export function crossProductSimilarity<Result>(
  name: string,
  kind: 'similarity' | 'distance',
  finish: (pair: PairStatistics) => Result,
  mirror: (result: Result) => Result,
): PairSimilarity<Result> {
  return {
    name,
    kind,
    leastSamples: 1,
    greatestWidth: GREATEST_WIDTH,
    represent: setProducts,
    relate: pairProducts,
    mergeSets: mergeSetProducts,
    mergePairs: mergePairProducts,
    finish,
    mirror,
  };
}
