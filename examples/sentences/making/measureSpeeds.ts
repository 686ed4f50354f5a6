/**
 * Measures teacher and student side by side, each on one core and by processor time, from texts to embeddings, and keeps the numbers for the example.
 *
 *     npx tsx examples/sentences/making/measureSpeeds.ts FOLDER
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { randomNormal, samplesPerSecond } from 'dark-knowledge';
import { loadSentences } from '../data.ts';
import { buckets, embed, ngramsOf } from '../student.ts';
import { openTeacher, runtime } from './teacher.ts';

const batchSize = 32;
/** The student's rounds over a batch, which would be over too soon to be timed. */
const rounds = 20;
const turns = 12;
/** The width of the example's student; what its weights are makes no difference to its speed. */
const width = 64;

const { test } = await loadSentences();
const dimension = test.teacher.shape[1]!;
const embedded = await openTeacher(process.argv[2]!, { threads: 1 });
const random = (length: number): Float32Array => Float32Array.from({ length }, (_, index) => randomNormal(1, index));
const student = { table: random(buckets * width), projection: random(width * dimension), bias: random(dimension) };

// In turns, by the time that the processor gave to them: what else the machine does hardly counts.
const clock = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const timers = { teacher: samplesPerSecond({ warmUp: 2, clock }), student: samplesPerSecond({ warmUp: 2, clock }) };
for (let turn = 0; turn < turns + 2; turn++) {
  // Rows of all rooms, the same in each turn, so that turns compare.
  const texts = Array.from(
    { length: batchSize },
    (_, row) => test.texts[row * Math.floor(test.texts.length / batchSize)]!,
  );
  await timers.teacher.run(batchSize, () => embedded(texts));
  timers.student.run(rounds * batchSize, () => {
    for (let round = 0; round < rounds; round++) embed(student, texts.map(ngramsOf));
  });
}
const speeds = {
  teacherSentencesPerSecond: Number(timers.teacher.result().value!.toFixed(1)),
  studentSentencesPerSecond: Number(timers.student.result().value!.toFixed(1)),
  teacherRuntime: `${runtime}, batches of ${batchSize}`,
  machine: `one core (processor time) of ${cpus()[0]!.model.trim()}, shared, Node ${process.versions.node}`,
};
console.log(speeds);
writeFileSync(new URL('../data/speeds.json', import.meta.url), `${JSON.stringify(speeds, null, 2)}\n`);
