import {
  ContrastiveMemory,
  crossEntropy,
  evaluate,
  type HostTensor,
  inBatchContrast,
  klDivergence,
  queueDivergence,
  randomNormal,
  tensor,
  valueAndGradients,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

const rows = (seed: number, count: number, width: number): number[][] =>
  Array.from({ length: count }, (_, row) =>
    Array.from({ length: width }, (_, at) => randomNormal(seed, row * width + at)),
  );

const unit = (row: readonly number[]): number[] => row.map((number) => number / Math.hypot(...row));
const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, a, at) => sum + a * y[at]!, 0);
const cosines = (x: readonly number[][], y: readonly number[][], temperature: number): number[][] =>
  x.map((a) => y.map((b) => dot(unit(a), unit(b)) / temperature));

const queue = {
  studentFeatures: rows(1, 3, 4),
  teacherFeatures: rows(2, 3, 5),
  studentQueue: rows(3, 6, 4),
  teacherQueue: rows(4, 6, 5),
};

describeLoss('queueDivergence', [
  ...catalogueCases('queueDivergence', queueDivergence),
  {
    title: 'rows of any rank, one of which does not count and holds nothing',
    loss: queueDivergence({ temperature: 0.5 }),
    inputs: {
      ...queue,
      studentFeatures: [[queue.studentFeatures[0]!, [Number.NaN, 0, 0, 1]]],
      teacherFeatures: [[queue.teacherFeatures[0]!, [1, 2, Infinity, 0, 0]]],
      rowWeights: [[1, 0]],
    },
    value: evaluate(queueDivergence({ temperature: 0.5 }), {
      ...queue,
      studentFeatures: queue.studentFeatures.slice(0, 1),
      teacherFeatures: queue.teacherFeatures.slice(0, 1),
    }).value,
    smooth: false,
  },
  {
    title: 'a row of zeros in the queue',
    loss: queueDivergence({ temperature: 0.5 }),
    inputs: { ...queue, studentQueue: [...queue.studentQueue.slice(1), [0, 0, 0, 0]] },
  },
]);

describe('queueDivergence', () => {
  it('is the KL divergence of the cosines, with T² where it is asked for', () => {
    for (const scaleByTemperatureSquared of [false, true]) {
      const studentLogits = cosines(queue.studentFeatures, queue.studentQueue, 1);
      const teacherLogits = cosines(queue.teacherFeatures, queue.teacherQueue, 1);
      const options = { temperature: 0.2, scaleByTemperatureSquared };
      const { value } = evaluate(klDivergence(options), { studentLogits, teacherLogits });
      expect(evaluate(queueDivergence(options), queue).value).toBeCloseTo(value, 12);
    }
    expect(evaluate(queueDivergence(), queue).value).toBe(
      evaluate(queueDivergence({ temperature: 0.07, scaleByTemperatureSquared: false }), queue).value,
    );
  });

  it('takes the banks of a contrastive memory as its queues', () => {
    const memory = ContrastiveMemory({ size: 6, dimension: 4, kind: 'queue' });
    const { studentBank: studentQueue, teacherBank: teacherQueue } = memory.tensors();
    const features = { studentFeatures: queue.studentFeatures, teacherFeatures: rows(5, 3, 4) };
    const { value, gradients } = valueAndGradients(queueDivergence(), { ...features, studentQueue, teacherQueue });
    const asRows = ({ data }: HostTensor): number[][] =>
      Array.from({ length: 6 }, (_, row) => Array.from(data.slice(4 * row, 4 * row + 4)));
    const expected = evaluate(klDivergence(), {
      studentLogits: cosines(features.studentFeatures, asRows(studentQueue), 0.07),
      teacherLogits: cosines(features.teacherFeatures, asRows(teacherQueue), 0.07),
    });
    expect(value).toBeCloseTo(expected.value, 10);
    expect(gradients.studentFeatures.shape).toEqual([3, 4]);
  });

  it('takes a temperature for each side, with the square of the student’s where T² is asked for', () => {
    const studentLogits = cosines(queue.studentFeatures, queue.studentQueue, 1);
    const teacherLogits = cosines(queue.teacherFeatures, queue.teacherQueue, 1);
    const options = { temperature: { student: 0.2, teacher: 0.05 }, scaleByTemperatureSquared: true };
    const { value } = evaluate(klDivergence(options), { studentLogits, teacherLogits });
    expect(evaluate(queueDivergence(options), queue).value).toBeCloseTo(value, 12);
  });

  it('refuses queues that do not fit', () => {
    expect(() => evaluate(queueDivergence(), { ...queue, studentQueue: queue.teacherQueue })).toThrow(
      'queueDivergence: studentQueue must be of shape [queue, 4] to fit studentFeatures, got shape [6, 5].',
    );
    expect(() => evaluate(queueDivergence(), { ...queue, teacherQueue: queue.teacherQueue.slice(1) })).toThrow(
      'queueDivergence: teacherQueue must be of 6 samples as studentQueue, got shape [5, 5].',
    );
    expect(() => queueDivergence({ temperature: 0 })).toThrow(RangeError);
  });
});

const batch = { studentFeatures: rows(6, 5, 4), teacherFeatures: rows(7, 5, 4) };
const labels = [2, 0, 2, 1, 2];

/** The loss over some samples, each with its positives among them, written out. */
function contrast(
  samples: readonly number[],
  positive: (i: number, j: number) => boolean,
  temperature: number,
): number {
  const scores = cosines(batch.studentFeatures, batch.teacherFeatures, temperature);
  const side = (score: (i: number, j: number) => number): number =>
    samples.reduce((sum, i) => {
      const total = Math.log(samples.reduce((part, j) => part + Math.exp(score(i, j)), 0));
      const positives = samples.filter((j) => positive(i, j));
      return sum - positives.reduce((part, j) => part + score(i, j) - total, 0) / positives.length;
    }, 0);
  return (side((i, j) => scores[i]![j]!) + side((i, j) => scores[j]![i]!)) / (2 * samples.length);
}

const same = (i: number, j: number): boolean => i === j;
const alike = (i: number, j: number): boolean => labels[i] === labels[j];
const everyone = [0, 1, 2, 3, 4];
const counted = [0, 1, 3, 4];
const withGap = (features: readonly number[][]): number[][] =>
  features.map((row, at) => (at === 2 ? row.map(() => Number.NaN) : row));
/** The third sample does not count, and holds NaN. */
const gapped = {
  studentFeatures: withGap(batch.studentFeatures),
  teacherFeatures: withGap(batch.teacherFeatures),
  rowWeights: [1, 1, 0, 1, 1],
};

describeLoss('inBatchContrast', [
  ...catalogueCases('inBatchContrast', inBatchContrast),
  {
    title: 'positives of one label',
    loss: inBatchContrast({ temperature: 0.5, positives: 'label' }),
    inputs: { ...batch, labels },
    value: contrast(everyone, alike, 0.5),
  },
  {
    title: 'a sample that does not count is nobody’s negative, whatever it holds',
    loss: inBatchContrast({ temperature: 0.5 }),
    inputs: gapped,
    value: contrast(counted, same, 0.5),
    smooth: false,
  },
  {
    // Of cosines this far apart in units of T float32 holds no exponential of all of them at once.
    title: 'a low temperature, and a sample that does not count',
    loss: inBatchContrast({ temperature: 0.01 }),
    inputs: gapped,
    value: contrast(counted, same, 0.01),
    smooth: false,
  },
  {
    title: 'a low temperature, and positives of one label',
    loss: inBatchContrast({ temperature: 0.02, positives: 'label' }),
    inputs: { ...batch, labels },
    value: contrast(everyone, alike, 0.02),
  },
  {
    title: 'nor anybody’s positive, and labels may say so',
    loss: inBatchContrast({ temperature: 0.5, positives: 'label', ignoreIndex: -1 }),
    inputs: {
      studentFeatures: withGap(batch.studentFeatures),
      teacherFeatures: withGap(batch.teacherFeatures),
      labels: [2, 0, -1, 1, 2],
    },
    value: contrast(counted, alike, 0.5),
    smooth: false,
  },
  {
    title: 'unequal weights, and a sum',
    loss: inBatchContrast({ temperature: 0.5, reduction: 'sum' }),
    inputs: { ...batch, rowWeights: [0.5, 2, 1, 0, 3] },
  },
  { title: 'a number for each sample', loss: inBatchContrast({ reduction: 'none' }), inputs: batch },
  {
    title: 'no sample counts',
    loss: inBatchContrast(),
    inputs: { ...batch, rowWeights: [0, 0, 0, 0, 0] },
    value: 0,
    gradients: { studentFeatures: batch.studentFeatures.map((row) => row.map(() => 0)) },
    smooth: false,
  },
  {
    title: 'one sample alone',
    loss: inBatchContrast(),
    inputs: { studentFeatures: [[1, 2]], teacherFeatures: [[2, 1]] },
    value: 0,
    gradients: { studentFeatures: [[0, 0]] },
  },
]);

describe('inBatchContrast', () => {
  it('is the mean of two cross-entropies with the diagonal as labels', () => {
    const scores = cosines(batch.studentFeatures, batch.teacherFeatures, 0.07);
    const turned = scores.map((_, column) => scores.map((row) => row[column]!));
    const entropy = (studentLogits: number[][]) => evaluate(crossEntropy(), { studentLogits, labels: everyone }).value;
    expect(evaluate(inBatchContrast(), batch).value).toBeCloseTo((entropy(scores) + entropy(turned)) / 2, 12);
  });

  it('has the pairs alone for positives where all labels differ, and does not look at labels otherwise', () => {
    const pairs = valueAndGradients(inBatchContrast(), batch);
    const different = valueAndGradients(inBatchContrast({ positives: 'label' }), { ...batch, labels: everyone });
    expect(different.value).toBeCloseTo(pairs.value, 12);
    expectDeepClose(different.gradients.studentFeatures.data, pairs.gradients.studentFeatures.data, 1e-12);
    expect(evaluate(inBatchContrast(), { ...batch, labels } as never).value).toBe(pairs.value);
  });

  it('refuses features of two shapes, and needs labels for positives of one label', () => {
    expect(() => evaluate(inBatchContrast(), { ...batch, teacherFeatures: rows(7, 5, 3) })).toThrow(
      'inBatchContrast: teacherFeatures must be of the shape of studentFeatures, [5, 4], got shape [5, 3].',
    );
    expect(() =>
      evaluate(inBatchContrast(), { studentFeatures: tensor([1], [1, 1, 1]), teacherFeatures: [[1]] }),
    ).toThrow('inBatchContrast: studentFeatures must be of shape [batch, width], got shape [1, 1, 1].');
    // @ts-expect-error the labels are missing
    expect(() => evaluate(inBatchContrast({ positives: 'label' }), batch)).toThrow('labels must be given');
    expect(() => inBatchContrast({ positives: 'class' as never })).toThrow(RangeError);
  });
});
