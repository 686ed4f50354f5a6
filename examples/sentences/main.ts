/**
 * Distils a sentence encoder, all-MiniLM-L6-v2, into hashed n-grams over a hundred times as fast, on sentences of this repository,
 * and shows what the student took. The teacher's embeddings are stored beside it: no Python, no download.
 *
 *     npm run example:sentences
 *     npm run example:sentences -- --all      each loss beside the cosine on its own, too
 *     npm run example:sentences -- --native   on tfjs-node, where it is installed
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { modelMap } from 'dark-knowledge/figures';
import { preparePlatform, progressLine, resultsFolder } from '../mnist/platform.ts';
import { writeJson } from '../mnist/report.ts';
import { loadSentences } from './data.ts';
import { runStudy } from './study.ts';
import { type MethodName, methods } from './train.ts';

const { values: flags } = parseArgs({
  options: {
    epochs: { type: 'string', default: '10' },
    seed: { type: 'string', default: '0' },
    native: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
});
const settings = {
  methods: flags.all ? (Object.keys(methods) as MethodName[]) : (['independent', 'cosine', 'all three'] as const),
  width: 64,
  epochs: Number(flags.epochs),
  batchSize: 64,
  learningRate: 1e-2,
  queue: 1024,
  probeSteps: 300,
  probeDecay: 1e-4,
  resamples: 100,
  seed: Number(flags.seed),
};

const started = Date.now();
const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
const progress = progressLine();
const platform = await preparePlatform({ fastest: flags.native });
const data = await loadSentences();
console.log(
  `Distilling ${data.origin.model} into hashed n-grams; tfjs backend: ${platform}\n` +
    `${data.train.texts.length} training sentences × ${settings.epochs} epochs, ${data.test.texts.length} test sentences`,
);
const study = await runStudy(data, settings, (text, last) => progress(last ? `${text} (${seconds()})` : text, last));
console.log(`\n${study.text}\n\n${study.conclusion}`);
const { text: _text, conclusion: _conclusion, ...numbers } = study;
const file = await writeJson(resultsFolder, 'sentences.json', {
  settings: { ...settings, platform },
  origin: data.origin,
  ...numbers,
  figure: modelMap(study.map),
});
console.log(
  `\nFinished in ${seconds()}; the same as JSON, the map as a figure too: ${relative(process.cwd(), fileURLToPath(file))}`,
);
