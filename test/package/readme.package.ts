import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'dark-knowledge-readme-'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(root, join(project, 'node_modules/dark-knowledge'));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

async function run(name: string, script: string): Promise<unknown> {
  const { code } = await transform(script, { loader: 'ts', format: 'esm' });
  writeFileSync(join(project, name), code);
  return JSON.parse(execFileSync(process.execPath, [name], { cwd: project, encoding: 'utf8' }));
}

describe('the README', () => {
  it('shows a first loss that runs as written', async () => {
    const block = blocks.find((text) => text.includes('valueAndGradients('))!;
    const shown = '\nconsole.log(JSON.stringify([typeof value, Object.keys(terms), Object.keys(gradients)]));';
    expect(await run('loss.mjs', block + shown)).toEqual(['number', ['task', 'distillation'], ['studentLogits']]);
  });

  it('shows a first metric that runs as written, and says the truth about the stream', async () => {
    const block = blocks.find((text) => text.includes('accumulate('))!;
    const shown = '\nconsole.log(JSON.stringify([value, bins.length, running.compute().value === value]));';
    // By hand: the right guesses at .9, .6 wrong … confidences .9, .6, .8 fall into three bins of their own.
    const expected = (Math.abs(0.9 - 1) + Math.abs(0.6 - 0) + Math.abs(0.8 - 1)) / 3;
    const [value, bins, same] = (await run('metric.mjs', block + shown)) as [number, number, boolean];
    expect(value).toBeCloseTo(expected, 12);
    expect([bins, same]).toEqual([15, true]);
  });

  it('shows a first comparison that runs as written, and says what it prints', async () => {
    const block = blocks.find((text) => text.includes('bootstrapMetricDifference('))!;
    const shown = block.replace(/console\.log\((.*)\);/, 'console.log(JSON.stringify([$1]));');
    expect(await run('comparison.mjs', shown)).toEqual([0.75, 1, 0.25, false]);
    expect(block).toContain('\n// 0.75 1 0.25 false');
  });

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
