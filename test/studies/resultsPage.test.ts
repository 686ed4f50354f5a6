import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { claimAbove } from '../../studies/claims.ts';
import { keptResults, type Results } from '../../studies/results.ts';
import { resultsPage } from '../../studies/resultsPage.ts';
import { studies } from '../../studies/studies.ts';

const words = { claim: 'distilled | alone', measure: 'accuracy, difference', paper: '0.189', source: 'Table 9' };
const results: Results = {
  study: 'example',
  title: 'Of one, and of many',
  paper: 'A and B, A paper (2020)',
  date: '2020-01-02',
  scale: 'full',
  seed: 7,
  platform: 'wasm',
  seconds: 90,
  versions: { tfjs: '4.0.0' },
  settings: { images: 10, sizes: { channels: [2, 4] } },
  claims: [claimAbove(words, [0.2, 0.21, 0.19]), claimAbove(words, [-0.2, -0.21, -0.19]), claimAbove(words, [0.5])],
  tables: [{ title: 'Accuracy', header: ['', 'MNIST'], rows: [['teacher', '0.990']] }],
  remarks: ['Less data.'],
  measurements: null,
};

it('the page of results tells every claim with its number beside the paper, how it was run, and why', () => {
  const page = resultsPage([{ results, comment: 'Because it is small.' }]);
  const lines = page.split('\n');
  expect(lines).toContain('| [`example`](#of-one-and-of-many) | full, 2020-01-02 | 1 of 3 | 1 | 1 |');
  expect(page).toContain(
    '| distilled \\| alone | **holds** | +0.200 | +0.175 to +0.225 | 0.189 | accuracy, difference | Table 9 |',
  );
  expect(page).toContain(
    '`npm run study -- example --full`, 2020-01-02, seed 7, 1.5 minutes on tfjs wasm; tfjs 4.0.0.',
  );
  for (const line of [
    'Settings: images 10; sizes (channels 2 4).',
    '**Claims: 1 of 3 hold.**',
    'Because it is small.',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines).toContain('| teacher | 0.990 |');
  expect(lines).toContain('- Less data.');
});

it('docs/studies.md is what the kept numbers make', async () => {
  const page = readFileSync(new URL('../../docs/studies.md', import.meta.url), 'utf8');
  expect(page).toBe(resultsPage(await keptResults(studies)));
});
