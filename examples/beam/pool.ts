/**
 * Metrics over shards on the threads of one machine, by the worker pool of the npm package `piscina`.
 *
 *     npx tsx examples/beam/pool.ts
 */
import { Piscina } from 'piscina';
import { evaluateStream, finish, type ShardState } from './evaluation.ts';
import { print } from './print.ts';

const shards = 16;
const pool = new Piscina({ filename: new URL('./worker.mjs', import.meta.url).href, maxThreads: 4 });
// A thread calls the function of that name in the file.
const evaluate = (shard: number): Promise<ShardState> => pool.run(shard, { name: 'evaluateShard' });
const work = Array.from({ length: shards }, (_, shard) => evaluate(shard));
const states = await Promise.all(work);
await pool.destroy();

print('over a pool of threads', finish(states), evaluateStream(shards));
