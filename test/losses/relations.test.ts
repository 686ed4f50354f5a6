import {
  cka,
  ckaLoss,
  evaluate,
  type Loss,
  measure,
  pkt,
  randomNormal,
  relationalAngle,
  relationalDistance,
  similarityPreserving,
  type TensorLike,
  tensor,
  valueAndGradients,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { describeLoss, type LossCase } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

type SetLoss = Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'mask'>;

const losses: Readonly<Record<string, (options?: never) => SetLoss>> = {
  relationalDistance,
  relationalAngle,
  similarityPreserving,
  pkt,
  ckaLoss,
};

const product = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, at) => sum + x * b[at]!, 0);
const less = (a: readonly number[], b: readonly number[]): number[] => a.map((x, at) => x - b[at]!);

/** Rows of numbers that float32 holds exactly, also 10000 further out. */
function rows(seed: number, count: number, width: number, offset = 0): number[][] {
  return Array.from({ length: count }, (_, row) =>
    Array.from(
      { length: width },
      (_, column) => offset + Math.round(64 * randomNormal(seed, row * width + column)) / 64,
    ),
  );
}

const near = { studentFeatures: rows(1, 6, 4), teacherFeatures: rows(2, 6, 5) };

/** At an offset of 1000 a step of central differences, relative to it, is as large as the distances. */
const references = (name: string, loss: (options: never) => unknown): readonly LossCase[] =>
  catalogueCases(name, loss).map((test) => (test.title.includes('far from') ? { ...test, smooth: false } : test));

function farCase(loss: SetLoss): LossCase {
  const { value, gradients } = valueAndGradients(loss, near);
  return {
    title: 'an offset of 10000 changes nothing',
    loss,
    inputs: { studentFeatures: rows(1, 6, 4, 10000), teacherFeatures: rows(2, 6, 5, 10000) },
    value,
    gradients,
    smooth: false,
  };
}

function maskCase(loss: SetLoss): LossCase {
  const [student, teacher] = [rows(1, 6, 4), rows(2, 6, 5)];
  const { value, gradients } = valueAndGradients(loss, near);
  const gap = (width: number) => Array.from({ length: width }, () => Number.NaN);
  student.splice(2, 0, gap(4));
  teacher.splice(2, 0, gap(5));
  student.push(gap(4));
  teacher.push([0, 1, Infinity, 3, 4]);
  const data = Array.from(gradients.studentFeatures.data);
  data.splice(8, 0, 0, 0, 0, 0);
  return {
    title: 'samples that a mask leaves out are no members, whatever they hold',
    loss,
    inputs: { studentFeatures: student, teacherFeatures: teacher, mask: [1, 1, 0, 1, 1, 1, 1, 0] },
    value,
    gradients: { studentFeatures: tensor([...data, 0, 0, 0, 0], [8, 4]) },
    smooth: false,
  };
}

const noneCase = (loss: SetLoss, value: number): LossCase => ({
  title: 'a mask that leaves no sample',
  loss,
  inputs: { ...near, mask: [0, 0, 0, 0, 0, 0] },
  value,
  gradients: { studentFeatures: rows(0, 6, 4).map((row) => row.map(() => 0)) },
  smooth: false,
});

/** Two students' rows a thousandth apart, and two that are equal; the teacher's are not. */
const nearlyEqual = (loss: SetLoss): LossCase => {
  const student = rows(1, 6, 4);
  student[1] = student[0]!.map((number) => number + 2 ** -10);
  student[3] = [...student[2]!];
  return {
    title: 'rows that are nearly and wholly equal',
    loss,
    inputs: { ...near, studentFeatures: student },
    smooth: false,
  };
};

/** The samples of the catalogue's pocket values. */
const pocket = {
  studentFeatures: [
    [0, 0],
    [3, 4],
    [6, 0],
  ],
  teacherFeatures: [
    [0, 0],
    [1, 0],
    [0, 1],
  ],
};
const lastTwo = {
  studentFeatures: pocket.studentFeatures.slice(1),
  teacherFeatures: pocket.teacherFeatures.slice(1),
};
const pocketCase = (loss: SetLoss, inputs: LossCase['inputs'], value: number): LossCase => ({
  title: 'the pocket value',
  loss,
  inputs,
  value,
  tolerance: 1e-9,
  smooth: false,
});

describeLoss('relationalDistance', [
  ...references('relationalDistance', relationalDistance),
  pocketCase(relationalDistance(), pocket, 0.017471598),
  farCase(relationalDistance()),
  maskCase(relationalDistance()),
  noneCase(relationalDistance(), 0),
  nearlyEqual(relationalDistance()),
  {
    title: 'all samples equal: no distance to compare with',
    loss: relationalDistance(),
    // Relative distances of the teacher: 0, and 1 for the six pairs, each with h(1) = ½.
    inputs: {
      studentFeatures: [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      teacherFeatures: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    },
    value: (6 * 0.5) / 9,
    gradients: {
      studentFeatures: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    },
    smooth: false,
  },
]);
describeLoss('relationalAngle', [
  ...references('relationalAngle', relationalAngle),
  pocketCase(relationalAngle(), pocket, 0.020514521),
  farCase(relationalAngle()),
  maskCase(relationalAngle()),
  noneCase(relationalAngle(), 0),
  nearlyEqual(relationalAngle()),
  { title: 'the angles at some of the samples', loss: relationalAngle({ anchors: 4, seed: 5 }), inputs: near },
  {
    title: 'the angles at some of the samples, of which one is masked',
    loss: relationalAngle({ anchors: 4, seed: 5 }),
    inputs: { ...near, mask: [1, 1, 0, 1, 0, 1] },
  },
]);
describeLoss('similarityPreserving', [
  ...references('similarityPreserving', similarityPreserving),
  pocketCase(similarityPreserving(), lastTwo, 0.147019234),
  maskCase(similarityPreserving()),
  noneCase(similarityPreserving(), 0),
]);
describeLoss('pkt', [
  ...references('pkt', pkt),
  pocketCase(pkt(), lastTwo, 0.01282684),
  maskCase(pkt()),
  noneCase(pkt(), 0),
  {
    title: 'opposite samples of the teacher drop out',
    loss: pkt(),
    // p = (1, 0), (0, 1); q = (2, 1)/3, (1, 2)/3.
    inputs: {
      studentFeatures: [
        [1, 0],
        [0, 1],
      ],
      teacherFeatures: [
        [2, 0],
        [-3, 0],
      ],
    },
    value: (2 * Math.log(1.5)) / 4,
    smooth: false,
  },
  {
    title: 'opposite samples of the student alone: infinite, with a finite gradient',
    loss: pkt(),
    inputs: {
      studentFeatures: [
        [2, 0],
        [-3, 0],
      ],
      teacherFeatures: [
        [1, 0],
        [0, 1],
      ],
    },
    value: Infinity,
    gradients: {
      studentFeatures: [
        [0, 0],
        [0, 0],
      ],
    },
    smooth: false,
  },
]);
describeLoss('ckaLoss', [
  ...references('ckaLoss', ckaLoss),
  pocketCase(ckaLoss(), pocket, 0.188893718),
  farCase(ckaLoss()),
  maskCase(ckaLoss()),
  noneCase(ckaLoss(), 1),
  { title: 'debiased', loss: ckaLoss({ debiased: true }), inputs: near },
  farCase(ckaLoss({ debiased: true })),
  maskCase(ckaLoss({ debiased: true })),
  {
    title: 'debiased, of three samples: none can be told',
    loss: ckaLoss({ debiased: true }),
    inputs: { ...near, mask: [1, 1, 0, 0, 0, 1] },
    value: 1,
    gradients: { studentFeatures: near.studentFeatures.map((row) => row.map(() => 0)) },
    smooth: false,
  },
  {
    title: 'constant teacher features, of a number that has no end in base 2',
    loss: ckaLoss(),
    inputs: { ...near, teacherFeatures: near.teacherFeatures.map(() => [0.1, 0.7]) },
    value: 1,
    gradients: { studentFeatures: near.studentFeatures.map((row) => row.map(() => 0)) },
    smooth: false,
  },
]);

describe.each(Object.entries(losses))('%s', (name, make) => {
  const valueFor = (student: TensorLike, teacher: TensorLike = near.teacherFeatures): number =>
    evaluate(make(), { studentFeatures: student, teacherFeatures: teacher }).value;

  it('is 0, with gradient 0, for features of the teacher times an orthogonal matrix', () => {
    const turned = near.teacherFeatures.map(([a = 0, b = 0, ...rest]) => [
      0.6 * a - 0.8 * b,
      0.8 * a + 0.6 * b,
      ...rest,
      0,
    ]);
    const { value, gradients } = valueAndGradients(make(), { ...near, studentFeatures: turned });
    expect(Math.abs(value)).toBeLessThan(1e-15);
    for (const gradient of gradients.studentFeatures.data) expect(Math.abs(gradient)).toBeLessThan(1e-15);
  });

  it('does not depend on the student’s scale or on the order of the samples', () => {
    const value = valueFor(near.studentFeatures);
    expect(valueFor(near.studentFeatures.map((row) => row.map((number) => 1000 * number)))).toBeCloseTo(value, 12);
    expect(valueFor([...near.studentFeatures].reverse(), [...near.teacherFeatures].reverse())).toBeCloseTo(value, 12);
  });

  it('takes features of any rank, and gives their shape to the gradient', () => {
    const shaped = { ...near, studentFeatures: tensor(near.studentFeatures.flat(), [6, 2, 1, 2]) };
    const { value, gradients } = valueAndGradients(make(), shaped);
    expect(value).toBe(valueFor(near.studentFeatures));
    expect(gradients.studentFeatures.shape).toEqual([6, 2, 1, 2]);
  });

  it('refuses batches that differ, features without a batch, options and masks that are none', () => {
    expect(() => valueFor([[1, 2]], [[1], [2]])).toThrow(
      `${name}: teacherFeatures must be of 1 samples as studentFeatures, got shape [2, 1].`,
    );
    expect(() => valueFor([1, 2], [1, 2])).toThrow(
      `${name}: studentFeatures must be of shape [batch, ...features], got shape [2].`,
    );
    expect(() => make({ reduction: 'sum' } as never)).toThrow(RangeError);
    expect(() => evaluate(make(), { ...near, mask: [1, 1] })).toThrow(
      `${name}: mask must be of the shape of the samples, [6], got shape [2].`,
    );
    expect(() => evaluate(make(), { ...near, mask: [1, 1, 0.5, 1, 1, 1] })).toThrow(
      `${name}: mask must be 1 for what counts and 0 for what does not, got 0.5.`,
    );
  });
});

describe('the blocks of larger batches', () => {
  const [batch, width] = [130, 70];
  const large = { studentFeatures: rows(3, batch, width), teacherFeatures: rows(4, batch, 3) };

  /** Σ h(…) over all pairs or triples, written out. */
  const huber = (x: number): number => (Math.abs(x) < 1 ? x ** 2 / 2 : Math.abs(x) - 0.5);
  const distance = (x: readonly number[], y: readonly number[]): number => Math.hypot(...x.map((a, at) => a - y[at]!));
  const indices = Array.from({ length: batch }, (_, index) => index);

  it('give the distances of the definition', () => {
    const relative = (samples: readonly number[][]): number[] => {
      const all = indices.flatMap((i) => indices.map((j) => distance(samples[i]!, samples[j]!)));
      const positive = all.filter((d) => d > 0);
      const mean = positive.reduce((sum, d) => sum + d, 0) / positive.length;
      return all.map((d) => d / mean);
    };
    const [own, other] = [relative(large.studentFeatures), relative(large.teacherFeatures)];
    const expected = own.reduce((sum, d, at) => sum + huber(d - other[at]!), 0) / batch ** 2;
    expect(evaluate(relationalDistance(), large).value).toBeCloseTo(expected, 12);
  });

  it('give the angles of the definition', () => {
    const directions = (samples: readonly number[][], at: number): number[][] =>
      samples.map((sample) => {
        const length = distance(sample, samples[at]!);
        return sample.map((number, column) => (length > 0 ? (number - samples[at]![column]!) / length : 0));
      });
    const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, a, at) => sum + a * y[at]!, 0);
    let sum = 0;
    for (const i of indices) {
      const [own, other] = [directions(large.studentFeatures, i), directions(large.teacherFeatures, i)];
      for (const j of indices) for (const k of indices) sum += huber(dot(own[j]!, own[k]!) - dot(other[j]!, other[k]!));
    }
    expect(evaluate(relationalAngle(), large).value).toBeCloseTo(sum / batch ** 3, 12);
  });

  it('give single precision what double precision has', () => {
    for (const loss of [relationalDistance(), relationalAngle({ anchors: 100 })]) {
      const single = valueAndGradients(loss, {
        studentFeatures: { data: Float32Array.from(large.studentFeatures.flat()), shape: [batch, width] },
        teacherFeatures: { data: Float32Array.from(large.teacherFeatures.flat()), shape: [batch, 3] },
      });
      const double = valueAndGradients(loss, large);
      expect(single.value).toBeCloseTo(double.value, 6);
      expectDeepClose(single.gradients.studentFeatures.data, double.gradients.studentFeatures.data, 1e-8);
    }
  });
});

describe('anchors of relationalAngle', () => {
  it('give, over all of them, the loss over all samples', () => {
    const values = new Map<number, number>();
    for (let step = 0; step < 200; step++) {
      const { value, gradients } = valueAndGradients(relationalAngle({ anchors: 1, seed: 3 }), near, { step });
      values.set(gradients.studentFeatures.data[0]!, value);
    }
    expect(values.size).toBe(6);
    const mean = [...values.values()].reduce((sum, value) => sum + value, 0) / 6;
    expect(mean).toBeCloseTo(evaluate(relationalAngle(), near).value, 12);
  });

  it('are the same for the same seed and step, and all of the samples where they are as many', () => {
    const at = (seed: number, step: number) => evaluate(relationalAngle({ anchors: 2, seed }), near, { step }).value;
    expect(at(1, 4)).toBe(at(1, 4));
    expect(new Set([at(1, 4), at(1, 5), at(2, 4)]).size).toBeGreaterThan(1);
    expect(evaluate(relationalAngle({ anchors: 6 }), near).value).toBe(evaluate(relationalAngle(), near).value);
    expect(() => relationalAngle({ anchors: 0 })).toThrow(
      'relationalAngle: anchors must be a whole number of at least 1',
    );
  });
});

describe('ckaLoss', () => {
  it('is one minus the metric, biased or not', () => {
    const samples = { x: near.studentFeatures, y: near.teacherFeatures };
    expect(evaluate(ckaLoss(), near).value).toBeCloseTo(1 - measure(cka(), samples).value, 12);
    const debiased = measure(cka({ debiased: true }), samples).value;
    expect(evaluate(ckaLoss({ debiased: true }), near).value).toBeCloseTo(1 - debiased, 12);
  });

  it('compares, in float64, what millionths tell apart of samples that are else all equal but one', () => {
    const sides = [1, 2].map((seed) =>
      rows(seed, 8, 5).map((row, index) => row.map((x, column) => x * 2 ** -20 + (index === 0 ? 1 + column : 0))),
    );
    // By the definition: U-centred Gram matrices of features less their means, which U-centring takes off again.
    const [k, l] = sides.map((side) => {
      const gram = side.map((a, i) =>
        side.map((b, j) => (i === j ? 0 : product(less(a, side[1]!), less(b, side[1]!)))),
      );
      const sums = gram.map((row) => row.reduce((sum, x) => sum + x, 0));
      const all = sums.reduce((sum, x) => sum + x, 0);
      return gram.map((row, i) => row.map((x, j) => (i === j ? 0 : x - (sums[i]! + sums[j]!) / 6 + all / 42)));
    }) as [number[][], number[][]];
    const inner = (a: number[][], b: number[][]) => product(a.flat(), b.flat());
    const expected = 1 - inner(k, l) / Math.sqrt(inner(k, k) * inner(l, l));
    const [studentFeatures, teacherFeatures] = sides as [number[][], number[][]];
    const { value, gradients } = valueAndGradients(ckaLoss({ debiased: true }), { studentFeatures, teacherFeatures });
    expect(Math.abs(expected - 1)).toBeGreaterThan(0.01);
    expect(value).toBeCloseTo(expected, 6);
    expect(gradients.studentFeatures.data.some((slope) => Math.abs(slope) > 1)).toBe(true);
  });

  it('is 1 without bias where a mask leaves three samples, and NaN where one of them is', () => {
    const features = [
      [1, 2],
      [0, 1],
      [3, 1],
      [2, 5],
    ];
    const loss = ckaLoss({ debiased: true });
    const teacherFeatures = [[0, 1], [1, 1], [2, 0], features[3]!];
    const mask = [1, 1, 1, 0];
    const { value, gradients } = valueAndGradients(loss, { studentFeatures: features, teacherFeatures, mask });
    expect(value).toBe(1);
    expect(gradients.studentFeatures.data.every((slope) => slope === 0)).toBe(true);
    for (const side of ['studentFeatures', 'teacherFeatures']) {
      const given = { studentFeatures: features, teacherFeatures, [side]: [[Number.NaN, 0], ...features.slice(1)] };
      expect(evaluate(loss, { ...given, mask }).value).toBeNaN();
    }
  });

  it('refuses fewer than four samples where debiased', () => {
    expect(() => evaluate(ckaLoss({ debiased: true }), pocket)).toThrow(
      'ckaLoss: studentFeatures must be of at least 4 samples, got shape [3, 2]. Without bias, HSIC needs four.',
    );
  });
});
