import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evaluateShard, evaluateStream, finish } from '../../examples/beam/evaluation.ts';

describe('metrics over shards', () => {
  it('say what one stream says, to the last digit, in whatever order the shards come back and through JSON', () => {
    const states = [3, 0, 4, 2, 1].map((shard) => JSON.parse(JSON.stringify(evaluateShard(shard))));
    expect(finish(states)).toStrictEqual(evaluateStream(5));
  });

  it('say something else for another set of shards, so that the comparison means something', () => {
    expect(finish([0, 1, 2].map(evaluateShard))).not.toEqual(evaluateStream(4));
  });

  it('do so on the threads of a worker pool', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const args = ['node_modules/tsx/dist/cli.mjs', 'examples/beam/pool.ts'];
    expect(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })).toContain(
      'the same, to the last digit',
    );
  });
});
