/**
 * Makes the data of the example: sentences of this repository, and what all-MiniLM-L6-v2 makes of them, by transformers.js from
 * a local folder. README.md beside this file has the steps.
 *
 *     npx tsx examples/sentences/making/embedSentences.ts FOLDER
 */
import { writeFileSync } from 'node:fs';
import { deriveSeed, randomPermutation } from 'dark-knowledge';
import { collectSentences } from './collectSentences.ts';
import { safetensorsOf } from './safetensors.ts';
import { openTeacher, runtime } from './teacher.ts';

/** As many sentences of each room: with them the file stays at two megabytes, of which git keeps every version. */
const ofEachRoom = { train: 400, test: 120 };
const batchSize = 32;
const dimension = 384;

const found = collectSentences();
const rooms = [...new Set(found.map(({ room }) => room))].sort();
const chosen = rooms.flatMap((room, at) => {
  const ofRoom = found.filter((sentence) => sentence.room === room);
  const order = randomPermutation(deriveSeed(0, at), ofRoom.length);
  return Array.from({ length: ofEachRoom.test + ofEachRoom.train }, (_, index) => ({
    part: index < ofEachRoom.test ? 'test' : 'train',
    ...ofRoom[order[index]!]!,
  }));
});
console.log(`${found.length} sentences, of which ${chosen.length} are kept`);

const embedded = await openTeacher(process.argv[2]!);
const embeddings = new Float32Array(chosen.length * dimension);
for (let start = 0; start < chosen.length; start += batchSize) {
  const texts = chosen.slice(start, start + batchSize).map(({ text }) => text);
  embeddings.set(await embedded(texts), start * dimension);
}

const data = new URL('../data/', import.meta.url);
const lines = chosen.map(({ part, room, text }) => `${part}\t${room}\t${text}\n`);
writeFileSync(new URL('sentences.tsv', data), lines.join(''));
const origin = { model: 'sentence-transformers/all-MiniLM-L6-v2', licence: 'Apache-2.0', runtime };
const tensors = { embeddings: { values: embeddings, shape: [chosen.length, dimension] } };
writeFileSync(new URL('teacher.safetensors', data), safetensorsOf(tensors, origin));
