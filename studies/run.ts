/**
 * A paper's finding, run anew:
 *
 *     npm run study -- NAME            at most 15 minutes on two cores
 *     npm run study -- NAME --full     as near the paper as the data allow
 *     npm run study -- NAME --keep     keeps a quick run's numbers in results/, as a full run's are
 *     npm run study -- --page          writes docs/studies.md from the numbers in results/
 *     npm run study                    lists the studies
 *
 * A run that is stopped goes on where it was when it is called again; and the same command in a second terminal takes a share of
 * the work.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { preparePlatform, progressLine } from '../examples/mnist/platform.ts';
import { table } from '../examples/mnist/report.ts';
import { claimLines } from './claims.ts';
import { codeDigest, partsIn } from './parts.ts';
import { keptResults, writeResults } from './results.ts';
import { resultsPage } from './resultsPage.ts';
import { studies } from './studies.ts';
import type { Scale } from './study.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    toy: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    seed: { type: 'string', default: '0' },
  },
});
if (flags.page) {
  await writeFile(new URL('../docs/studies.md', import.meta.url), resultsPage(await keptResults(studies)));
  process.exit(0);
}
const [name] = positionals;
const study = studies.find((candidate) => candidate.name === name);
if (study === undefined) {
  if (name !== undefined) console.error(`study: name must be one of those below, got '${name}'.`);
  for (const { name: known, title, paper } of studies) console.log(`${known}\n  ${title}\n  ${paper}`);
  process.exit(name === undefined ? 0 : 2);
}

const scale: Scale = flags.toy ? 'toy' : flags.full ? 'full' : 'quick';
const seed = Number(flags.seed);
if (!Number.isSafeInteger(seed) || seed < 0) {
  console.error(`study: seed must be a whole number from 0, got '${flags.seed}'.`);
  process.exit(2);
}
// Networks this small train up to twice as fast on one thread of TensorFlow's as on two, which wait for each other.
process.env.TF_NUM_INTRAOP_THREADS ??= '1';
const platform = await preparePlatform({ fastest: true });
console.log(`${study.title} (${scale}, seed ${seed}, tfjs backend ${platform})\n${study.paper}\n`);
const progress = progressLine();
const made = `${study.name}-${scale}-${seed}-${tf.getBackend()}-${await codeDigest()}`;
const parts = await partsIn(new URL(`./output/parts/${made}/`, import.meta.url), { waiting: progress });
const { once, each } = parts;
const findings = await study.run({ scale, seed, once, each, progress });
const { seconds, cpuSeconds } = parts.spent();

for (const { title, header, rows } of findings.tables) console.log(`\n${title}\n${table(header, rows)}`);
for (const remark of findings.remarks) console.log(`\n${remark}`);
const files = await writeResults(
  study,
  findings,
  { scale, seed, platform, seconds, cpuSeconds },
  { keep: flags.keep || flags.full },
);
console.log(
  `\nAfter ${Math.round(seconds)} s (${Math.round(cpuSeconds)} s of one core), peak memory ${peakMegabytes()} MB. Results: ${files.join(', ')}\n`,
);
for (const line of claimLines(findings.claims)) console.log(line);
await parts.leave();

function peakMegabytes(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
