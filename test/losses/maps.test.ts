import {
  attentionTransfer,
  evaluate,
  type HostTensor,
  hierarchicalContext,
  initializeVid,
  randomNormal,
  selectivityTransfer,
  tensor,
  valueAndGradients,
  vid,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { describeLoss, type LossCase } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

function maps(seed: number, shape: readonly number[]): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, index) => randomNormal(seed, index)),
    shape,
  );
}

/** [batch, channels, height, width] as [batch, height, width, channels]. */
function channelsLast({ data, shape }: HostTensor): HostTensor {
  const [batch = 1, channels = 1, height = 1, width = 1] = shape;
  const moved = new Float64Array(data.length);
  data.forEach((number, index) => {
    const position = index % (height * width);
    const channel = Math.floor(index / (height * width)) % channels;
    const sample = Math.floor(index / (height * width * channels));
    moved[(sample * height * width + position) * channels + channel] = number;
  });
  return { data: moved, shape: [batch, height, width, channels] };
}

/** The maps of the catalogue's pocket values, and the first channel of the student's. */
const pocketTeacher = tensor([2, 0, 1, 1], [1, 1, 2, 2]);
const pocketStudent = tensor([1, 2, 0, 1, 0, 1, 1, 1], [1, 2, 2, 2]);
const firstChannel = tensor([1, 2, 0, 1], [1, 1, 2, 2]);

const pocket = (loss: unknown, value: number, studentFeatures = pocketStudent): LossCase => ({
  title: 'the pocket value',
  loss,
  inputs: { studentFeatures, teacherFeatures: pocketTeacher },
  value,
  tolerance: 2e-9,
});

/** The second of three samples holds nothing and does not count. */
function maskCase(make: () => unknown, channels: readonly [number, number], more: LossCase['inputs'] = {}): LossCase {
  const both = {
    studentFeatures: maps(1, [2, 3, 3, channels[0]]),
    teacherFeatures: maps(2, [2, 3, 3, channels[1]]),
    ...more,
  };
  const { value, gradients } = valueAndGradients(make() as ReturnType<typeof attentionTransfer<'mean'>>, both);
  const withGap = ({ data, shape: [, ...rest] }: HostTensor, gap: number): HostTensor => {
    const half = data.length / 2;
    const spread = new Float64Array(3 * half).fill(gap);
    spread.set(data.slice(0, half));
    spread.set(data.slice(half), 2 * half);
    return { data: spread, shape: [3, ...rest] };
  };
  return {
    title: 'a sample of weight 0 does not count, whatever it holds',
    loss: make(),
    inputs: {
      ...both,
      studentFeatures: withGap(both.studentFeatures, Number.NaN),
      teacherFeatures: withGap(both.teacherFeatures, Infinity),
      rowWeights: [2, 0, 2],
    },
    value,
    gradients: { ...gradients, studentFeatures: withGap(gradients.studentFeatures, 0) },
    smooth: false,
  };
}

const first = { layout: 'channelsFirst' } as const;

describeLoss('attentionTransfer', [
  ...catalogueCases('attentionTransfer', attentionTransfer),
  pocket(attentionTransfer(first), 0.351833185),
  pocket(attentionTransfer({ ...first, variant: 'paper' }), 1.186310558),
  maskCase(attentionTransfer, [2, 4]),
  {
    title: 'power 1.5, and a feature of 0 under it',
    loss: attentionTransfer({ power: 1.5 }),
    inputs: { studentFeatures: tensor([1, 0, -2, 1, 0.5, -1], [1, 3, 2]), teacherFeatures: maps(4, [1, 3, 4]) },
    smooth: false,
  },
  {
    title: 'a power below 1 has no slope at 0, and none is made up',
    loss: attentionTransfer({ power: 0.5 }),
    inputs: { studentFeatures: tensor([1, 0, -2, 1], [1, 2, 2]), teacherFeatures: tensor([1, 3], [1, 2, 1]) },
    smooth: false,
  },
  {
    title: 'the paper’s form where both agree: gradient 0',
    loss: attentionTransfer({ variant: 'paper' }),
    inputs: {
      studentFeatures: [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      teacherFeatures: [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    },
    value: 0,
    gradients: {
      studentFeatures: [
        [
          [0, 0],
          [0, 0],
        ],
      ],
    },
    smooth: false,
  },
  {
    title: 'the larger grid averaged, channels last',
    loss: attentionTransfer({ resize: 'averageLarger' }),
    inputs: { studentFeatures: maps(5, [2, 5, 4, 3]), teacherFeatures: maps(6, [2, 2, 3, 2]) },
  },
  {
    title: 'the larger grid averaged, channels first, one side along each axis',
    loss: attentionTransfer({ resize: 'averageLarger', power: 1, ...first }),
    inputs: { studentFeatures: maps(5, [2, 3, 5, 2]), teacherFeatures: maps(6, [2, 2, 3, 4]) },
  },
]);

describeLoss('selectivityTransfer', [
  ...catalogueCases('selectivityTransfer', selectivityTransfer),
  pocket(selectivityTransfer(first), 1.277777778),
  maskCase(selectivityTransfer, [2, 4]),
]);

describeLoss('hierarchicalContext', [
  ...catalogueCases('hierarchicalContext', hierarchicalContext),
  pocket(hierarchicalContext(first), 1, firstChannel),
  maskCase(hierarchicalContext, [3, 3]),
  {
    title: 'maps that are wider than high, of which the smaller side decides',
    loss: hierarchicalContext({ levels: [4, 2, 1] }),
    inputs: { studentFeatures: maps(7, [2, 3, 6, 2]), teacherFeatures: maps(8, [2, 3, 6, 2]) },
  },
  {
    title: 'no level',
    loss: hierarchicalContext({ levels: [] }),
    inputs: { studentFeatures: [[[[1], [2]]]], teacherFeatures: [[[[0], [4]]]] },
    value: 2.5,
    gradients: { studentFeatures: [[[[1], [-2]]]] },
  },
]);

describeLoss('vid', [
  ...catalogueCases('vid', vid).map((test) =>
    // σ² is 1e-5 there: what rounding leaves of a difference counts a hundred thousand times.
    test.title.includes('-50') ? { ...test, conditioning: 10 } : test,
  ),
  maskCase(vid, [3, 3], { variance: [0.5, -1, 2] }),
  {
    title: 'features without positions: the definition by hand',
    loss: vid({ epsilon: 1 }),
    // softplus(−Infinity) + 1 = 1: half the squared error.
    inputs: { studentFeatures: [[1, 2]], teacherFeatures: [[1, 0]], variance: [-Infinity, -Infinity] },
    value: 0.5 * 2,
    gradients: { studentFeatures: [[0, 1]], variance: [0, 0] },
    smooth: false,
  },
]);

describe.each(
  Object.entries({
    attentionTransfer: (options: object) => attentionTransfer(options),
    selectivityTransfer: (options: object) => selectivityTransfer(options),
    hierarchicalContext: (options: object) => hierarchicalContext(options),
  }),
)('%s', (name, make) => {
  const both = { studentFeatures: maps(1, [2, 3, 4, 5]), teacherFeatures: maps(2, [2, 3, 4, 5]) };

  it('gives the same with channels first as with channels last', () => {
    const there = valueAndGradients(make(first), both);
    const here = valueAndGradients(make({}), {
      studentFeatures: channelsLast(both.studentFeatures),
      teacherFeatures: channelsLast(both.teacherFeatures),
    });
    expect(here.value).toBeCloseTo(there.value, 12);
    expectDeepClose(here.gradients.studentFeatures, channelsLast(there.gradients.studentFeatures), 1e-12);
  });

  it('is 0, with gradient 0, where student and teacher agree', () => {
    const { value, gradients } = valueAndGradients(make({}), { ...both, teacherFeatures: both.studentFeatures });
    expect(Math.abs(value)).toBeLessThan(1e-15);
    for (const gradient of gradients.studentFeatures.data) expect(Math.abs(gradient)).toBeLessThan(1e-15);
  });

  it('gives a number for each sample, whose mean is the loss', () => {
    const { data, shape } = evaluate(make({ reduction: 'none' }), both).value as unknown as HostTensor;
    expect(shape).toEqual([2]);
    expect((data[0]! + data[1]!) / 2).toBeCloseTo(evaluate(make({}), both).value as number, 12);
  });

  it('refuses grids that differ', () => {
    const other = { ...both, teacherFeatures: maps(2, [2, 3, 4, 6]) };
    expect(() => evaluate(make(first), other)).toThrow(`${name}: teacherFeatures must be of`);
    expect(() => evaluate(make({ layout: 'NCHW' }), both)).toThrow(RangeError);
  });
});

describe('attentionTransfer', () => {
  it('says how to bring grids together, and needs two axes for it', () => {
    const both = { studentFeatures: maps(1, [2, 4, 4, 3]), teacherFeatures: maps(2, [2, 2, 2, 3]) };
    expect(() => evaluate(attentionTransfer(), both)).toThrow(
      'attentionTransfer: teacherFeatures must be of 2 samples with positions [4, 4] as studentFeatures, got shape ' +
        "[2, 2, 2, 3]. resize: 'averageLarger' averages the larger of two grids.",
    );
    const flat = { studentFeatures: maps(1, [2, 4, 3]), teacherFeatures: maps(2, [2, 2, 3]) };
    expect(() => evaluate(attentionTransfer({ resize: 'averageLarger' }), flat)).toThrow(
      'attentionTransfer: studentFeatures must be of shape [batch, height, width, channels], got shape [2, 4, 3].',
    );
  });

  it('averages as if the caller had', () => {
    // Parts of 5 places in 2: 0–2 and 2–4; of 4 in 2: 0–1 and 2–3.
    const large = maps(3, [1, 5, 4, 1]);
    const at = (row: number, column: number): number => large.data[row * 4 + column]!;
    const average = (rows: readonly number[], columns: readonly number[]): number =>
      rows.reduce((sum, row) => sum + columns.reduce((part, column) => part + at(row, column), 0), 0) / 6;
    const small = [
      [average([0, 1, 2], [0, 1]), average([0, 1, 2], [2, 3])],
      [average([2, 3, 4], [0, 1]), average([2, 3, 4], [2, 3])],
    ];
    const teacherFeatures = maps(4, [1, 2, 2, 3]);
    const averaged = evaluate(attentionTransfer({ resize: 'averageLarger' }), {
      studentFeatures: large,
      teacherFeatures,
    });
    const given = evaluate(attentionTransfer(), {
      studentFeatures: tensor(small.flat(), [1, 2, 2, 1]),
      teacherFeatures,
    });
    expect(averaged.value).toBeCloseTo(given.value, 12);
  });

  it('gives a feature of 0 gradient 0, whatever the power, and the others a finite one', () => {
    for (const power of [0.5, 1, 1.5, 2, 3]) {
      const { gradients } = valueAndGradients(attentionTransfer({ power }), {
        studentFeatures: tensor([1, 0, -2, 1], [1, 2, 2]),
        teacherFeatures: tensor([3, 1], [1, 2, 1]),
      });
      const [first, zero, ...others] = gradients.studentFeatures.data;
      expect(Math.abs(zero!)).toBe(0);
      for (const gradient of [first!, ...others]) expect(Math.abs(gradient)).toBeGreaterThan(1e-3);
      for (const gradient of [first!, ...others]) expect(gradient).toBeLessThan(10);
    }
  });

  it('refuses a power that is not greater than 0', () => {
    expect(() => attentionTransfer({ power: 0 })).toThrow(
      'attentionTransfer: power must be a finite number greater than 0',
    );
  });
});

describe('selectivityTransfer', () => {
  it('compares distributions: neither the order of the channels nor their repetition matters', () => {
    const teacher = maps(1, [1, 2, 3, 3]);
    const [one, two] = [teacher.data.slice(0, 9), teacher.data.slice(9)];
    const repeated = tensor([...two, ...one, ...one, ...two], [1, 4, 3, 3]);
    const { value } = evaluate(selectivityTransfer(first), { studentFeatures: repeated, teacherFeatures: teacher });
    expect(Math.abs(value)).toBeLessThan(1e-15);
  });
});

describe('hierarchicalContext', () => {
  it('leaves out levels that are not smaller than both sides, and goes on with the weights', () => {
    for (const [height, width] of [
      [6, 3],
      [3, 6],
    ] as const) {
      const both = { studentFeatures: maps(7, [2, height, width, 2]), teacherFeatures: maps(8, [2, height, width, 2]) };
      const fewer = evaluate(hierarchicalContext({ levels: [2, 1] }), both).value;
      expect(evaluate(hierarchicalContext({ levels: [4, 3, 2, 1] }), both).value).toBe(fewer);
      expect(evaluate(hierarchicalContext({ levels: [1] }), both).value).not.toBeCloseTo(fewer, 6);
    }
  });

  it('refuses levels that are no whole numbers of at least 1', () => {
    expect(() => hierarchicalContext({ levels: [4, 0] })).toThrow(
      'hierarchicalContext: levels[1] must be a whole number of at least 1, got 0.',
    );
  });
});

describe('vid', () => {
  const both = { studentFeatures: maps(1, [2, 3, 4, 5]), teacherFeatures: maps(2, [2, 3, 4, 5]) };

  it('gives the same with channels first as with channels last, one variance a channel', () => {
    const variance = [0.5, -1, 2];
    const there = valueAndGradients(vid(first), { ...both, variance });
    const here = valueAndGradients(vid(), {
      studentFeatures: channelsLast(both.studentFeatures),
      teacherFeatures: channelsLast(both.teacherFeatures),
      variance,
    });
    expect(here.value).toBeCloseTo(there.value, 12);
    expectDeepClose(here.gradients.studentFeatures, channelsLast(there.gradients.studentFeatures), 1e-12);
    expectDeepClose(here.gradients.variance, there.gradients.variance, 1e-12);
  });

  it('has its least value where the variance is the mean squared error', () => {
    const squares = Array.from(both.studentFeatures.data, (s, index) => (s - both.teacherFeatures.data[index]!) ** 2);
    const means = [0, 1, 2].map((channel) => {
      const own = squares.filter((_, index) => Math.floor(index / 20) % 3 === channel);
      return own.reduce((sum, square) => sum + square, 0) / own.length;
    });
    const variance = means.map((mean) => Math.log(Math.expm1(mean - 1e-5)));
    const { value, gradients } = valueAndGradients(vid(first), { ...both, variance });
    for (const gradient of gradients.variance.data) expect(Math.abs(gradient)).toBeLessThan(1e-12);
    expect(value).toBeCloseTo(means.reduce((sum, mean) => sum + 0.5 * (1 + Math.log(mean)), 0) / 3, 12);
  });

  it('refuses a variance that is not of the channels', () => {
    expect(() => evaluate(vid(first), { ...both, variance: [1, 2] })).toThrow(
      'vid: variance must be of the shape of the channels, [3], got shape [2].',
    );
  });
});

describe('initializeVid', () => {
  it('gives the variance that was asked for, through softplus, large or small', () => {
    for (const variance of [5, 1e-3, 200]) {
      const { data, shape } = initializeVid({ channels: 2, variance }).variance;
      expect(shape).toEqual([2]);
      expect((Math.log1p(Math.exp(-Math.abs(data[0]!))) + Math.max(data[0]!, 0) + 1e-5) / variance).toBeCloseTo(1, 5);
    }
    expect(initializeVid({ channels: 1 }).variance.data[0]).toBeCloseTo(Math.log(Math.exp(5 - 1e-5) - 1), 5);
  });

  it('refuses a variance of ε or less', () => {
    expect(() => initializeVid({ channels: 1, variance: 1e-5 })).toThrow(
      'initializeVid: variance must be greater than epsilon, 0.00001, got 0.00001.',
    );
  });
});
