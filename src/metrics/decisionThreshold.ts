/** Decisions between two classes at another probability than a half. */
import type { Backend } from '../backend.ts';
import { rangeError, shapeError } from '../check.ts';
import { between, type OptionReader, optional } from '../options.ts';
import { type PredictionSource, predictedClass } from './predictionSource.ts';

/** The option of metrics that compare predictions with labels. */
export interface DecisionOptions {
  /**
   * Of scores of two classes: class 1 is predicted where its probability is above this, in (0, 1); class 0 at the threshold
   * itself, as of equal scores. Left out, the first largest score decides.
   */
  readonly threshold?: number;
}

/** What decides. */
export interface Decision {
  readonly from: PredictionSource;
  readonly threshold: number | undefined;
}

/** The reader of the option. */
export function decisionOption(): { readonly threshold: OptionReader<number | undefined> } {
  return { threshold: optional(between(0, 1)) };
}

/** Refuses a threshold of predictions that are made already; for the factory. */
export function checkDecision(where: string, { from, threshold }: Decision): void {
  if (from === 'predictions' && threshold !== undefined) {
    throw rangeError(where, 'threshold', "left out where from is 'predictions'", threshold);
  }
}

/** Refuses a threshold of other than two classes; for the check of a batch. */
export function checkDecided<T>(
  backend: Backend<T>,
  where: string,
  given: T,
  { from, threshold }: Decision,
  name: string = from,
): void {
  const shape = backend.shapeOf(given);
  if (threshold === undefined || shape.at(-1) === 2) return;
  throw shapeError(where, name, 'of shape [..., 2], where threshold is set', shape);
}

/** Predicted classes [rows] of scores [rows, classes], or predictions as they are. */
export function decidedClass<T>(backend: Backend<T>, given: T, { from, threshold }: Decision): T {
  if (threshold === undefined) return predictedClass(backend, given);
  const rows = backend.shapeOf(given)[0]!;
  const picked = (column: number) =>
    backend.reshape(
      backend.sum(
        backend.where(
          backend.fromHost({ data: Float32Array.of(1 - column, column), shape: [1, 2] }),
          given,
          backend.scalar(0),
        ),
        { axis: -1 },
      ),
      [rows],
    );
  if (from === 'probabilities') return backend.greater(picked(1), backend.scalar(threshold));
  // p > t where the logits' difference is above t's log-odds; in probabilities, digits near 0 and 1 would be lost.
  const odds = backend.scalar(Math.log(threshold / (1 - threshold)));
  return backend.greater(backend.subtract(picked(1), picked(0)), odds);
}
