/**
 * Metrics over shards as a pipeline of Apache Beam, on its direct runner; the same pipeline runs on Flink, Spark and Dataflow.
 *
 *     npm ci --prefix examples/beam && npx tsx examples/beam/beam.ts
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ShardState } from './evaluation.ts';
import * as evaluation from './evaluation.ts';
import { print } from './print.ts';

// The package is CommonJS, and says so only to `require`.
const require = createRequire(import.meta.url);
const beam: typeof import('apache-beam') = require('apache-beam');
const { requireForSerialization }: typeof import('apache-beam/serialization') = require('apache-beam/serialization');

const shards = 16;
const { evaluateShard, evaluateStream, finish } = evaluation;

/** Beam merges accumulators in any order and grouping; a list of states leaves the order to `finish`. */
const combineStates = {
  createAccumulator: (): ShardState[] => [],
  addInput: (states: ShardState[], state: ShardState) => [...states, state],
  mergeAccumulators: (lists: Iterable<ShardState[]>) => [...lists].flat(),
  extractOutput: (states: ShardState[]) => finish(states),
};

const evaluate = (shard: number) => evaluateShard(shard);
const whole = (state: ShardState) => state;
const show = ({ all }: { readonly all: evaluation.Evaluation }) => {
  print('over a pipeline of Beam', all, evaluateStream(shards));
};

// Functions travel to Beam's workers as text, with the names they use. Beam's plugin for the TypeScript compiler writes
// these lines; without it they are written by hand, and name the module that both sides load.
const names = { evaluateShard, evaluateStream, finish, print, shards };
for (const travelling of [evaluate, show, ...Object.values(combineStates)]) {
  Object.assign(travelling, { __closure: () => names });
}
requireForSerialization(fileURLToPath(new URL('./evaluation.ts', import.meta.url)), { ...evaluation, print });

await beam.createRunner({ runner: 'direct' }).run((root) =>
  root
    .apply(beam.create(Array.from({ length: shards }, (_, shard) => shard)))
    .map(beam.withName('evaluate a shard', evaluate))
    .apply(beam.withName('merge', beam.groupGlobally<ShardState>().combining(whole, combineStates, 'all')))
    .map(beam.withName('show', show)),
);
