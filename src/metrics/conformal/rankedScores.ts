/** Nonconformity scores of every class of a row, in falling order of probability: how much a class would surprise. */
import type { Backend } from '../../backend.ts';
import { argSort } from '../../ops/argSort.ts';
import { minimum } from '../../ops/minimum.ts';
import { sumBefore } from '../../ops/sumBefore.ts';
import { takeAlong } from '../../ops/takeAlong.ts';

/** The scores by name. */
export const conformalScores = ['leastAmbiguous', 'adaptive', 'regularizedAdaptive'] as const;

/** Which score orders the classes of a set. */
export type ConformalScore = (typeof conformalScores)[number];

/** λ and k of the regularised score. */
export interface RankPenalty {
  readonly penalty: number;
  readonly freeRanks: number;
}

/** Scores at each place of the order, [rows, classes] each; `isLabel` is 1 where the label stands. */
export type RankedScores<T> = Readonly<Record<ConformalScore | 'isLabel', T>>;

/**
 * The scores of probabilities [rows, classes].
 *
 * @param uniforms One number in [0, 1) a row, [rows, 1], for randomised sets; undefined for sets that are not.
 */
export function rankedScores<T>(
  backend: Backend<T>,
  probabilities: T,
  labels: T,
  { penalty, freeRanks }: RankPenalty,
  uniforms: T | undefined,
): RankedScores<T> {
  const classes = backend.shapeOf(probabilities)[1]!;
  const one = backend.scalar(1);
  const table = (at: (place: number) => number) =>
    backend.fromHost({ data: Float64Array.from({ length: classes }, (_, place) => at(place)), shape: [1, classes] });
  const order = argSort(backend, probabilities);
  const own = takeAlong(backend, probabilities, order);
  const summed = minimum(backend, backend.add(sumBefore(backend, own), own), one);
  // All classes together have the probability 1, whatever rounding says: a threshold of 1 means all of them.
  const reached = backend.where(
    table((place) => (place === classes - 1 ? 1 : 0)),
    one,
    summed,
  );
  const adaptive = uniforms === undefined ? reached : backend.subtract(reached, backend.multiply(uniforms, own));
  return {
    leastAmbiguous: backend.subtract(one, own),
    adaptive,
    regularizedAdaptive: backend.add(
      adaptive,
      table((place) => penalty * Math.max(0, place + 1 - freeRanks)),
    ),
    isLabel: takeAlong(backend, backend.oneHot(labels, classes), order),
  };
}
