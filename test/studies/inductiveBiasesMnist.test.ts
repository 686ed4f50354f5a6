import { expect, it } from 'vitest';
import { preparePlatform } from '../../examples/mnist/platform.ts';
import { inductiveBiasesMnist } from '../../studies/inductiveBiasesMnist.ts';
import { pageOf } from '../../studies/page.ts';

it('the study of inductive biases on MNIST goes its whole way at toy size, to a page with every figure', async () => {
  await preparePlatform();
  const findings = await inductiveBiasesMnist.run({ scale: 'toy', seed: 3, progress: () => {} });
  expect(findings.claims).toHaveLength(29);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  expect(findings.tables[0]!.rows.map(([name]) => name)).toEqual([
    'CNN',
    'MLP',
    'CNN → MLP',
    'MLP → MLP',
    'CNN → CNN',
    'MLP → CNN',
  ]);
  const page = await pageOf(inductiveBiasesMnist, findings, { scale: 'toy', seed: 3, platform: 'wasm', seconds: 1 });
  expect(page.match(/<svg/g)).toHaveLength(7);
  // A way for each of three models of the first trial, from the first weights to the last.
  expect(JSON.stringify(findings.figures[3]!.specification)).toContain('CNN, MLP and CNN → MLP, 6 checkpoints in all');
});
