/** Confidences and hits on the device: of the prediction, of a later rank, or of the first ranks together. */
import type { Backend } from '../../backend.ts';
import type { Inputs } from '../../inputs.ts';
import { argSort } from '../../ops/argSort.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { takeAlong } from '../../ops/takeAlong.ts';
import { topProbability } from '../../ops/topProbability.ts';
import type { Ranks } from './rankOptions.ts';

/** The confidence and the hit of each row, [rows]; those that are given, where there are no scores. */
export function confidenceColumns<T>(
  backend: Backend<T>,
  { labels, probabilities, logits, confidences, correct }: Inputs<string, string, T>,
  ranks: Ranks,
): Readonly<Record<'confidence' | 'correct', T>> {
  const scores = probabilities ?? logits;
  if (scores === undefined) return { confidence: confidences!, correct: correct! };
  if (ranks.last > 1) return rankedColumns(backend, scores, probabilities === undefined, labels!, ranks);
  return {
    confidence: probabilities === undefined ? topProbability(backend, scores) : backend.max(scores, { axis: -1 }),
    correct: sameIndex(backend, backend.argMax(scores), labels!),
  };
}

/** The sum of the probabilities of some ranks, and whether the label is of one of them. */
function rankedColumns<T>(
  backend: Backend<T>,
  scores: T,
  areLogits: boolean,
  labels: T,
  { first, last }: Ranks,
): Readonly<Record<'confidence' | 'correct', T>> {
  const classes = backend.shapeOf(scores)[1]!;
  const order = argSort(backend, scores);
  const probabilities = areLogits ? backend.exp(logSoftmax(backend, scores)) : scores;
  const asked = backend.fromHost({
    data: Float32Array.from({ length: classes }, (_, place) => (place >= first - 1 && place < last ? 1 : 0)),
    shape: [1, classes],
  });
  const sumOf = (values: T) => {
    const chosen = backend.where(asked, takeAlong(backend, values, order), backend.scalar(0));
    return backend.sum(chosen, { axis: -1 });
  };
  return { confidence: sumOf(probabilities), correct: sumOf(backend.oneHot(labels, classes)) };
}

/** Whether numbers are known to be float32: the edges of bins are then rounded as they are. */
export function isSingle<T>(backend: Backend<T>, decisive: T | undefined): boolean {
  return decisive !== undefined && backend.readSync?.(decisive).data instanceof Float32Array;
}

/** Confidences outside [0, 1], but for the rounding of float32, and hits that are neither 0 nor 1. */
export function confidenceFaults<T>(
  backend: Backend<T>,
  confidences: T,
  correct: T,
): Readonly<Record<'outside' | 'undecided', T>> {
  const distance = backend.abs(backend.subtract(confidences, backend.scalar(0.5)));
  const whole = backend.multiply(correct, backend.subtract(correct, backend.scalar(1)));
  return {
    outside: backend.sum(backend.greater(distance, backend.scalar(0.5 + 1e-6))),
    undecided: backend.sum(backend.greater(backend.abs(whole), backend.scalar(0))),
  };
}
