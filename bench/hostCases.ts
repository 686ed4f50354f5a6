/**
 * Metrics by their plain names, on host arrays: over rows beside a plain loop over the same float32 data, which is what one
 * writes without a library; similarities of representations beside NumPy.
 */
import {
  accuracy,
  agreement,
  brierScore,
  cka,
  type HostTensor,
  meanCca,
  measure,
  negativeLogLikelihood,
  predictiveDivergence,
  procrustesDistance,
  representationalSimilarity,
  svcca,
  tensor,
} from 'dark-knowledge';
import { randomNormal } from '../src/random.ts';

/** A call on host arrays, beside a loop or a peer in Python. */
export interface HostCase {
  readonly name: string;
  readonly repeats: number;
  /** The ratio to the loop, or to NumPy, that the project aims at, at most. */
  readonly target: number;
  readonly data: () => Readonly<Record<string, HostTensor>>;
  readonly compute: (data: Readonly<Record<string, HostTensor>>) => number;
  readonly loop?: (data: Readonly<Record<string, HostTensor>>) => number;
  readonly request?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

function normal(seed: number, shape: readonly number[]): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const period = Math.min(size, 262_147);
  const drawn = Float32Array.from({ length: period }, (_, at) => 3 * randomNormal(seed, at));
  return tensor(
    Float32Array.from({ length: size }, (_, at) => drawn[at % period]!),
    shape,
  );
}

/** Calls a function with where each row begins, and adds up what it returns. */
function overRows({ data, shape }: HostTensor, ofRow: (start: number, row: number) => number): number {
  const [rows = 0, classes = 0] = shape;
  let sum = 0;
  for (let row = 0; row < data.length / classes; row++) sum += ofRow(row * classes, row);
  return sum / rows;
}

function largestAt(data: HostTensor['data'], start: number, classes: number): number {
  let at = 0;
  for (let index = 1; index < classes; index++) if (data[start + index]! > data[start + at]!) at = index;
  return at;
}

/** log Σ e^x of a row. */
function logTotal(data: HostTensor['data'], start: number, classes: number): number {
  const most = data[start + largestAt(data, start, classes)]!;
  let total = 0;
  for (let index = 0; index < classes; index++) total += Math.exp(data[start + index]! - most);
  return most + Math.log(total);
}

type Loop = NonNullable<HostCase['loop']>;
type Compute = HostCase['compute'];

const metrics: readonly (readonly [string, Compute, Loop])[] = [
  [
    'accuracy',
    ({ student, labels }) => measure(accuracy(), { logits: student!, labels: labels! }).value,
    ({ student, labels }) =>
      overRows(student!, (start, row) =>
        largestAt(student!.data, start, student!.shape[1]!) === labels!.data[row] ? 1 : 0,
      ),
  ],
  [
    'agreement',
    ({ student, teacher }) => measure(agreement(), { studentLogits: student!, teacherLogits: teacher! }).value,
    ({ student, teacher }) =>
      overRows(student!, (start) => {
        const classes = student!.shape[1]!;
        return largestAt(student!.data, start, classes) === largestAt(teacher!.data, start, classes) ? 1 : 0;
      }),
  ],
  [
    'predictiveDivergence',
    ({ student, teacher }) =>
      measure(predictiveDivergence(), { studentLogits: student!, teacherLogits: teacher! }).value,
    ({ student, teacher }) =>
      overRows(student!, (start) => {
        const classes = student!.shape[1]!;
        const [q, p] = [student!.data, teacher!.data];
        const [ofQ, ofP] = [logTotal(q, start, classes), logTotal(p, start, classes)];
        let sum = 0;
        for (let index = start; index < start + classes; index++) {
          sum += Math.exp(p[index]! - ofP) * (p[index]! - ofP - q[index]! + ofQ);
        }
        return sum;
      }),
  ],
  [
    'negativeLogLikelihood',
    ({ student, labels }) => measure(negativeLogLikelihood(), { logits: student!, labels: labels! }).value,
    ({ student, labels }) =>
      overRows(student!, (start, row) => {
        const { data, shape } = student!;
        return logTotal(data, start, shape[1]!) - data[start + labels!.data[row]!]!;
      }),
  ],
  [
    'brierScore',
    ({ student, labels }) => measure(brierScore(), { logits: student!, labels: labels! }).value,
    ({ student, labels }) =>
      overRows(student!, (start, row) => {
        const { data, shape } = student!;
        const classes = shape[1]!;
        const total = logTotal(data, start, classes);
        let sum = 0;
        for (let index = 0; index < classes; index++) {
          sum += (Math.exp(data[start + index]! - total) - (index === labels!.data[row] ? 1 : 0)) ** 2;
        }
        return sum;
      }),
  ],
];

const similarities: readonly (readonly [string, Compute])[] = [
  ['cka', ({ x, y }) => measure(cka(), { x: x!, y: y! }).value],
  ['cka, Gram', ({ x, y }) => measure(cka({ form: 'gram' }), { x: x!, y: y! }).value],
  ['cka, RBF', ({ x, y }) => measure(cka({ kernel: 'rbf' }), { x: x!, y: y! }).value],
  ['procrustesDistance', ({ x, y }) => measure(procrustesDistance(), { x: x!, y: y! }).value],
  ['meanCca', ({ x, y }) => measure(meanCca(), { x: x!, y: y! }).value],
  ['svcca', ({ x, y }) => measure(svcca(), { x: x!, y: y! }).value],
  [
    'representationalSimilarity',
    ({ x, y }) => measure(representationalSimilarity(), { x: x!, y: y! } as never).value as unknown as number,
  ],
];

/** In the order of the table. */
export const hostCases: readonly HostCase[] = [
  ...[
    [100_000, 10],
    [10_000, 1000],
  ].flatMap(([rows = 1, classes = 1]) =>
    metrics.map(([name, compute, loop]) => ({
      name: `${name} of host arrays, ${rows} × ${classes}`,
      repeats: 5,
      target: 3,
      data: () => ({
        student: normal(1, [rows, classes]),
        teacher: normal(2, [rows, classes]),
        labels: tensor(Int32Array.from({ length: rows }, (_, row) => (row * 7919) % classes)),
      }),
      compute,
      loop,
    })),
  ),
  ...similarities.map(([name, compute]) => ({
    name: `${name} of host arrays, 2000 × 384`,
    repeats: 3,
    target: 3,
    data: () => ({ x: normal(1, [2000, 384]), y: normal(2, [2000, 384]) }),
    compute,
    request: 'similarity of a pair',
    settings: { similarity: name },
  })),
];
