/** In one file: what is loaded for a study, TensorFlow among it, takes longer than its run at toy size. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { preparePlatform } from '../../examples/mnist/platform.ts';
import { claimAbove } from '../../studies/claims.ts';
import { deviations } from '../../studies/deviations.ts';
import { domains } from '../../studies/domains.ts';
import { inductiveBiasesAgreement } from '../../studies/inductiveBiasesAgreement.ts';
import { inductiveBiasesMnist } from '../../studies/inductiveBiasesMnist.ts';
import { inheritedBias } from '../../studies/inheritedBias.ts';
import { pageOf } from '../../studies/page.ts';
import { partsIn } from '../../studies/parts.ts';
import { keptResults, type Results } from '../../studies/results.ts';
import { resultsPage } from '../../studies/resultsPage.ts';
import { studies } from '../../studies/studies.ts';
import type { Findings, Study } from '../../studies/study.ts';
import { whatIsLost } from '../../studies/whatIsLost.ts';
import { whatTransfers } from '../../studies/whatTransfers.ts';

beforeAll(() => preparePlatform());

const folder = pathToFileURL(`${mkdtempSync(join(tmpdir(), 'studies-'))}/`);
afterAll(() => rmSync(folder, { recursive: true }));

/** What a run finds; and one that was stopped before its end, and goes on, finds the same without training anew. */
async function atToySize(study: Study, attempt = 1): Promise<Findings> {
  const run = async (isLate: boolean): Promise<Findings> => {
    const { once, each } = await partsIn(new URL(`${study.name}-${attempt}/`, folder));
    const refuse = () => Promise.reject(new Error('This part was known.'));
    return study.run({
      scale: 'toy',
      seed: 3,
      once: (part, compute) => once(part, isLate ? refuse : compute),
      each,
      progress: () => {},
    });
  };
  const findings = await run(false);
  const again = await run(true);
  expect(again.measurements).toEqual(findings.measurements);
  return findings;
}

/** How many figures a study's page has, which must show every claim. */
async function figuresOnPage(study: Study, findings: Findings): Promise<number> {
  const page = await pageOf(study, findings, { scale: 'toy', seed: 3, platform: 'wasm', seconds: 1, cpuSeconds: 1 });
  expect(page).toContain(`of ${findings.claims.length} hold`);
  return page.match(/<svg/g)?.length ?? 0;
}

it('the study of inductive biases on MNIST goes its whole way at toy size', async () => {
  const findings = await atToySize(inductiveBiasesMnist);
  expect(findings.claims).toHaveLength(29);
  // Spreads of a few digits' shares may be 0, of which there is no ratio.
  const defined = findings.claims.filter(({ measure }) => !measure.includes('standard deviations'));
  expect(defined.every(({ number }) => Number.isFinite(number))).toBe(true);
  const groups = ['CNN', 'MLP', 'CNN → MLP', 'MLP → MLP', 'CNN → CNN', 'MLP → CNN'];
  expect(findings.tables[0]!.rows.map(([name]) => name)).toEqual(groups);
  // A way for each of three models of the first trial, from the first weights to the last.
  expect(JSON.stringify(findings.figures[3]!.specification)).toContain('CNN, MLP and CNN → MLP, 6 checkpoints in all');
  expect(await figuresOnPage(inductiveBiasesMnist, findings)).toBe(7);
});

it('the study of domains goes its whole way at toy size, and again to the same numbers', async () => {
  const findings = await atToySize(domains);
  expect(findings.claims).toHaveLength(10);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  expect(findings.tables[0]!.rows.map(([name]) => name)).toEqual(['teacher', 'alone', 'KL', 'Hint', 'CRD']);
  expect(await figuresOnPage(domains, findings)).toBe(2);
  expect((await atToySize(domains, 2)).measurements).toEqual(findings.measurements);
});

it('the study of what transfers goes its whole way at toy size', async () => {
  const findings = await atToySize(whatTransfers);
  expect(findings.claims).toHaveLength(32);
  const [answers, looks, consensus, layers] = findings.tables;
  expect(answers!.rows).toHaveLength(4 + 15);
  const names = ['alone', 'KL, plain teacher', 'Hint, plain teacher', 'CRD, plain teacher'];
  expect(looks!.rows.map(([name]) => name)).toEqual(names);
  expect(consensus!.header.slice(2)).toEqual(['sketch', 'stylised', 'edges', 'silhouette', 'cue conflict']);
  expect(layers!.rows.every((row) => row.length === 1 + 5)).toBe(true);
  expect(await figuresOnPage(whatTransfers, findings)).toBe(7);
});

it('the study of inherited bias goes its whole way at toy size', async () => {
  const findings = await atToySize(inheritedBias);
  expect(findings.claims).toHaveLength(3);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  const { header, rows } = findings.tables[0]!;
  expect(header).toHaveLength(10);
  expect(rows.map(([name]) => name)).toEqual(['teacher', 'alone', 'distilled']);
  expect(await figuresOnPage(inheritedBias, findings)).toBe(1);
});

it('the study of agreement goes its whole way at toy size', async () => {
  const findings = await atToySize(inductiveBiasesAgreement);
  expect(findings.claims).toHaveLength(16);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  expect(findings.tables[1]!.rows.map(([name]) => name)).toEqual([
    'Transformer',
    'Transformer-seq',
    'UniversalTransformer-seq',
    'LSTM',
  ]);
  expect(await figuresOnPage(inductiveBiasesAgreement, findings)).toBe(3);
});

it('the study of what is lost goes its whole way at toy size', async () => {
  const findings = await atToySize(whatIsLost);
  expect(findings.claims).toHaveLength(9);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  expect(findings.tables[0]!.rows).toHaveLength(9);
  expect(findings.tables[0]!.header.slice(1)).toEqual(['RTE', 'STSB', 'CoLA', 'SST2', 'QNLI', 'MNLI']);
  expect(await figuresOnPage(whatIsLost, findings)).toBe(2);
});

it('the study of deviations goes its whole way at toy size', async () => {
  const findings = await atToySize(deviations);
  expect(findings.claims).toHaveLength(33);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  // Proved for gradient flow, and so on any data.
  expect(findings.claims.find(({ source }) => source === 'Theorem 4.1')!.verdict).toBe('holds');
  expect(await figuresOnPage(deviations, findings)).toBe(7);
});

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
  cpuSeconds: 120,
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
    '`npm run study -- example --full`, 2020-01-02, seed 7, 1.5 minutes (2.0 minutes of one core) on tfjs wasm; tfjs 4.0.0.',
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
