import { expect, it } from 'vitest';
import { preparePlatform } from '../../examples/mnist/platform.ts';
import { pageOf } from '../../studies/page.ts';
import { whatIsLost } from '../../studies/whatIsLost/whatIsLost.ts';

it('the study of what is lost goes its whole way at toy size', async () => {
  await preparePlatform();
  const findings = await whatIsLost.run({ scale: 'toy', seed: 3, progress: () => {} });
  expect(findings.claims).toHaveLength(8);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  expect(findings.tables[0]!.rows).toHaveLength(9);
  const page = await pageOf(whatIsLost, findings, { scale: 'toy', seed: 3, platform: 'wasm', seconds: 1 });
  expect(page.match(/<svg/g)).toHaveLength(2);
});
