/**
 * What every worker does to its shard, and what becomes of the answers. The state of a metric has a fixed size however many
 * rows it saw, goes through JSON, and merges.
 *
 * Sums of floating-point numbers depend on their order, by a digit at the end. A stream adds the shards in their order, so
 * the states travel with the shard's number and are merged in that order: whichever worker was faster, the result is that of
 * the stream, to the last digit.
 */
import {
  accumulate,
  calibrationError,
  cka,
  confusionMatrix,
  type MetricState,
  metricSet,
  rename,
  restore,
} from 'dark-knowledge';
import { readShard } from './shards.ts';

const evaluation = metricSet({
  calibration: calibrationError({ bins: 15 }),
  confusion: confusionMatrix(),
  similarity: rename(cka(), { x: 'studentFeatures', y: 'teacherFeatures' }),
});

/** What a worker sends back. */
export interface ShardState {
  readonly shard: number;
  readonly state: MetricState;
}

/** The calibration error, the confusion matrix and the similarity of features over all shards. */
export type Evaluation = ReturnType<typeof finish>;

/** On a worker: reads a shard and brings it down to a few kilobytes. */
export function evaluateShard(shard: number): ShardState {
  const running = accumulate(evaluation);
  running.update(readShard(shard));
  return { shard, state: running.toJSON() };
}

/** In one place: merges the shards' states in the order of the shards. */
export function finish(states: readonly ShardState[]) {
  const [first, ...others] = [...states].sort((a, b) => a.shard - b.shard);
  if (first === undefined) throw new RangeError('finish: states must be at least one, got none.');
  const running = restore(evaluation, first.state);
  for (const { state } of others) running.merge(state);
  return running.compute();
}

/** The same over one stream, on one machine. */
export function evaluateStream(shards: number): Evaluation {
  const running = accumulate(evaluation);
  for (let shard = 0; shard < shards; shard++) running.update(readShard(shard));
  return running.compute();
}
