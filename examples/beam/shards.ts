/** Shards of a run's outputs. Here they are drawn; elsewhere a worker reads its files, as `docs/files.md` shows. */
import { type HostTensor, tensor } from 'dark-knowledge';

export interface Shard {
  readonly logits: HostTensor;
  readonly labels: HostTensor;
  readonly studentFeatures: HostTensor;
  readonly teacherFeatures: HostTensor;
}

const rows = 500;
const classes = 10;
const width = 16;

/** Numbers between −1 and 1 that depend on the seed alone. */
function numbers(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return (state | 0) / 2 ** 31;
  };
}

/** Reads the shard of a number. Shards differ in their rows, as files do. */
export function readShard(shard: number): Shard {
  const next = numbers(shard);
  const count = rows + 7 * shard;
  const labels = Int32Array.from({ length: count }, () => Math.floor((next() + 1) * (classes / 2)) % classes);
  const logits = new Float32Array(count * classes);
  for (let index = 0; index < logits.length; index++) logits[index] = 2 * next();
  labels.forEach((label, row) => {
    logits[row * classes + label]! += 1;
  });
  const teacher = Float32Array.from({ length: count * width }, next);
  const student = teacher.map((value) => value + 0.5 * next());
  return {
    logits: tensor(logits, [count, classes]),
    labels: tensor(labels, [count]),
    studentFeatures: tensor(student, [count, width]),
    teacherFeatures: tensor(teacher, [count, width]),
  };
}
