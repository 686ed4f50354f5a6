/** Hits, predictions and labels by class: what F1 and Matthews are made of. */
import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { HostStatistics } from '../../metric.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { sameIndex } from '../../ops/sameIndex.ts';

/** Names of the statistics; all but `invalid` are [classes]. */
export type ClassCount = 'hit' | 'predicted' | 'actual' | 'invalid';

/** Counts by class on the device. */
export function classCounts<T>(backend: Backend<T>, logits: T, labels: T): Readonly<Record<ClassCount, T>> {
  const scores = flattenRows(backend, logits);
  const [rows, classes] = backend.shapeOf(scores) as [number, number];
  const label = flatten(backend, labels);
  const prediction = backend.argMax(scores);
  const actual = backend.oneHot(label, classes);
  const hit = backend.reshape(sameIndex(backend, prediction, label), [rows, 1]);
  return {
    hit: backend.sum(backend.multiply(actual, hit), { axis: 0 }),
    predicted: backend.sum(backend.oneHot(prediction, classes), { axis: 0 }),
    actual: backend.sum(actual, { axis: 0 }),
    invalid: countNaN(backend, logits),
  };
}

/** Refuses NaN. */
export function checkClassCounts(where: string, { invalid }: HostStatistics<ClassCount>): void {
  if (invalid.data[0]! > 0) throw rangeError(where, 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
}
