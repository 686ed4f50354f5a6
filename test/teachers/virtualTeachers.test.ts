import {
  confidentTeacher,
  crossEntropy,
  evaluate,
  type HostTensor,
  klDivergence,
  noisyLabels,
  smoothedLabels,
  softCrossEntropy,
  valueAndGradients,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

const studentLogits = [
  [1, 2, 0],
  [0, 1, 3],
];
const labels = [2, 0];
const classes = 3;
const rowsOf = ({ data }: HostTensor): number[][] =>
  Array.from({ length: data.length / classes }, (_, row) =>
    Array.from(data.slice(row * classes, (row + 1) * classes), Math.exp),
  );

describe('smoothedLabels', () => {
  it('is the target of cross-entropy with label smoothing', () => {
    for (const smoothing of [0.1, 0.3, 1]) {
      const teacherLogits = smoothedLabels(labels, { classes, smoothing });
      const soft = valueAndGradients(softCrossEntropy(), { studentLogits, teacherLogits });
      const hard = valueAndGradients(crossEntropy({ labelSmoothing: smoothing }), { studentLogits, labels });
      expect(soft.value).toBeCloseTo(hard.value, 12);
      hard.gradients.studentLogits.data.forEach((slope, index) => {
        expect(soft.gradients.studentLogits.data[index]).toBeCloseTo(slope, 12);
      });
    }
  });

  it('is the label itself at smoothing 0', () => {
    const teacherLogits = smoothedLabels(labels, { classes, smoothing: 0 });
    expect(rowsOf(teacherLogits)).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(evaluate(klDivergence(), { studentLogits, teacherLogits }).value).toBeCloseTo(
      evaluate(crossEntropy(), { studentLogits, labels }).value,
      12,
    );
  });
});

describe('confidentTeacher', () => {
  it('has a on the label and the rest evenly elsewhere', () => {
    const [first] = rowsOf(confidentTeacher(labels, { classes, confidence: 0.9 }));
    [0.05, 0.05, 0.9].forEach((share, index) => {
      expect(first![index]).toBeCloseTo(share, 12);
    });
  });

  it('is tempered by its logarithms: the gradient at T = 20 is T·(q − p)', () => {
    const T = 20;
    const teacherLogits = confidentTeacher([2], { classes });
    const { gradients } = valueAndGradients(klDivergence({ temperature: T }), {
      studentLogits: [[1, 2, 0]],
      teacherLogits,
    });
    const softmax = (logits: number[]): number[] => {
      const powers = logits.map(Math.exp);
      return powers.map((power) => power / powers.reduce((sum, other) => sum + other));
    };
    const p = softmax([0.005, 0.005, 0.99].map((share) => Math.log(share) / T));
    const q = softmax([1, 2, 0].map((logit) => logit / T));
    q.forEach((share, index) => {
      expect(gradients.studentLogits.data[index]).toBeCloseTo(T * (share - p[index]!), 10);
    });
    // Probabilities tempered in place of logarithms would leave it nearly uniform, where p is not.
    expect(p[2]! / p[0]!).toBeCloseTo((0.99 / 0.005) ** (1 / T), 12);
  });
});

describe('noisyLabels', () => {
  it('is the softmax at .15 of the one-hot label and noise of variance .2', () => {
    const count = 4000;
    const many = Array.from({ length: count }, (_, index) => index % classes);
    const { data, shape } = noisyLabels(many, { classes, seed: 3 });
    expect(shape).toEqual([count, classes]);
    // Differences of log-probabilities within a row are (difference of scores)/.15: 1/.15 on average between the label and
    // another class, of variance 2·.2/.15².
    const gaps = many.map(
      (label, row) => data[row * classes + label]! - data[row * classes + ((label + 1) % classes)]!,
    );
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / count;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / count;
    const expected = 0.4 / 0.15 ** 2;
    expect(Math.abs(mean - 1 / 0.15)).toBeLessThan(4 * Math.sqrt(expected / count));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
    const [first] = rowsOf({ data, shape });
    expect(first!.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('draws the same for a seed, and each row on its own', () => {
    const once = noisyLabels(labels, { classes, seed: 5 });
    expect(noisyLabels(labels, { classes, seed: 5 })).toEqual(once);
    expect(noisyLabels(labels, { classes, seed: 6 }).data).not.toEqual(once.data);
    const sameLabels = rowsOf(noisyLabels([1, 1], { classes, seed: 5 }));
    expect(sameLabels[0]).not.toEqual(sameLabels[1]);
  });
});

describe('virtual teachers', () => {
  const made = {
    smoothedLabels: () => smoothedLabels([[-100, 1]], { classes }),
    confidentTeacher: () => confidentTeacher([[-100, 1]], { classes }),
    noisyLabels: () => noisyLabels([[-100, 1]], { classes }),
  };

  it.each(Object.entries(made))('%s says nothing of an ignored label, and keeps the labels’ shape', (_, make) => {
    const table = make();
    expect(table.shape).toEqual([1, 2, 3]);
    rowsOf(table)[0]!.forEach((share) => {
      expect(share).toBeCloseTo(1 / 3, 12);
    });
  });

  it('refuse a label out of range, and options that mean nothing', () => {
    expect(() => smoothedLabels([3], { classes })).toThrow(
      'smoothedLabels: labels must be whole numbers in [0, 3), got 3.',
    );
    expect(() => smoothedLabels([0], { classes, smoothing: 2 })).toThrow(/smoothing must be in \[0, 1\], got 2/);
    expect(() => confidentTeacher([0], { classes, confidence: 1 })).toThrow(
      /confidence must be strictly between 0 and 1/,
    );
    expect(() => noisyLabels([0], { classes: 1 })).toThrow(/classes must be a whole number of at least 2, got 1/);
    // @ts-expect-error the number of classes is missing
    expect(() => noisyLabels([0], {})).toThrow(/classes must be a whole number, got undefined/);
  });
});
