import { expect, it } from 'vitest';
import { preparePlatform } from '../../examples/mnist/platform.ts';
import { domains } from '../../studies/domains.ts';
import { pageOf } from '../../studies/page.ts';

it('the study of domains goes its whole way at toy size, and again to the same numbers', async () => {
  await preparePlatform();
  const run = () => domains.run({ scale: 'toy', seed: 3, progress: () => {} });
  const findings = await run();
  expect(findings.claims).toHaveLength(10);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  expect(findings.tables[0]!.rows.map(([name]) => name)).toEqual(['teacher', 'alone', 'KL', 'Hint', 'CRD']);
  const page = await pageOf(domains, findings, { scale: 'toy', seed: 3, platform: 'wasm', seconds: 1 });
  expect(page).toContain('claims: ');
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect((await run()).measurements).toEqual(findings.measurements);
});
