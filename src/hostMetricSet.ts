/** Several metrics of one batch of host arrays: the plain-name runners. */
import { type Accumulator, accumulate, measure } from './hostMetric.ts';
import type { AnyMetric } from './metric.ts';
import { type MetricRecord, metricSet, type ResultsOf, type SharedBatchOf } from './metricSet.ts';
import type { TensorLike } from './tensor.ts';

/**
 * Computes several metrics of one batch: its inputs are brought in once, and each metric gives what it gives alone.
 *
 * @param metrics The metrics by the names of their results; `rename` routes one to inputs of other names.
 * @param batch The inputs of all of them.
 * @example
 * const { student, teacher, cka: similarity } = measureAll(
 *   {
 *     student: rename(accuracy(), { logits: 'studentLogits' }),
 *     teacher: rename(accuracy(), { logits: 'teacherLogits' }),
 *     cka: rename(cka(), { x: 'studentFeatures', y: 'teacherFeatures' }),
 *   },
 *   { studentLogits, teacherLogits, labels, studentFeatures, teacherFeatures },
 * );
 */
export function measureAll<const Metrics extends MetricRecord>(
  metrics: Metrics,
  batch: SharedBatchOf<Metrics, TensorLike>,
): ResultsOf<Metrics> {
  return measure(metricSet(metrics) as AnyMetric<ResultsOf<Metrics>>, batch as never);
}

/**
 * Runs several metrics over a stream of batches. The state is one: it merges, goes through JSON, and
 * `restore(metricSet(metrics), state)` goes on from it.
 *
 * @example
 * const running = accumulateAll({ accuracy: accuracy(), ece: calibrationError() });
 * for (const batch of batches) running.update(batch);
 * const { accuracy: top1, ece } = running.compute();
 */
export function accumulateAll<const Metrics extends MetricRecord>(
  metrics: Metrics,
): Accumulator<SharedBatchOf<Metrics, TensorLike>, ResultsOf<Metrics>> {
  return accumulate(metricSet(metrics) as AnyMetric<ResultsOf<Metrics>>) as never;
}
