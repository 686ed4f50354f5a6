import {
  type AnyLoss,
  crd,
  estimatePartitions,
  estimatePartitionsOn,
  evaluate,
  initializeCrd,
  tensor,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { randomUniform } from '../../src/random.ts';
import { crdFixture } from '../support/crdFixture.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { describeLoss, type LossCase } from '../support/lossSuite.ts';

const { inputs, banks, contrastIndices, cases } = crdFixture;
const first = cases[0]!;
const reference = {
  ...inputs,
  ...banks,
  positiveIndices: first.positiveIndices,
  contrastIndices,
  studentLogPartition: first.logPartitions[0],
  teacherLogPartition: first.logPartitions[1],
};
const noGradient = Object.fromEntries(
  Object.entries(inputs).map(([name, value]) => {
    const { data, shape } = tensor(value);
    return [name, { data: data.slice().fill(0), shape }];
  }),
);

describeLoss('crd', [
  ...cases.map(
    (test): LossCase => ({
      title: `PyTorch, ${test.title}`,
      loss: crd(test.options),
      inputs: {
        ...reference,
        positiveIndices: test.positiveIndices,
        studentLogPartition: test.logPartitions[0],
        teacherLogPartition: test.logPartitions[1],
        ...(test.rowWeights ? { rowWeights: test.rowWeights } : {}),
      },
      value: test.value,
      gradients: test.gradients,
      // Autograd has differentiated them all; central differences once for each kind of negatives.
      smooth: !/paper|class|weighted/.test(test.title),
    }),
  ),
  ...(['sum', 'none'] as const).map((reduction) => ({
    title: `reduction ${reduction}`,
    loss: crd({ temperature: 0.1, reduction }),
    inputs: reference,
    ...(reduction === 'sum' ? { value: first.value * 4 } : {}),
    smooth: false,
  })),
  {
    title: 'classes within the batch: samples of one class are no negatives',
    loss: crd({ temperature: 0.1, negatives: 'inBatch', normalization: 'paper' }),
    inputs: { ...inputs, labels: [0, 1, 0, 1] },
  },
  ...(
    [
      ['all', [-100, -100, -100, -100], [0, 1, 2, 3]],
      ['some', [-100, 2, -100, 2], [0, 1, 2, 1]],
    ] as const
  ).map(([title, labels, alone]) => ({
    title: `negative labels within the batch are none: each sample a class of its own, ${title}`,
    loss: crd({ temperature: 0.1, negatives: 'inBatch', normalization: 'paper' }),
    inputs: { ...inputs, labels },
    value: evaluate(crd({ temperature: 0.1, negatives: 'inBatch', normalization: 'paper' }), {
      ...inputs,
      labels: alone,
    }).value,
  })),
  ...(['bank', 'queue', 'inBatch'] as const).map((negatives) => ({
    title: `a masked sample may hold NaN, ${negatives}`,
    loss: crd({ temperature: 0.1, negatives }),
    inputs: {
      ...reference,
      studentFeatures: inputs.studentFeatures.map((row, sample) => (sample === 1 ? row.map(() => Number.NaN) : row)),
      rowWeights: [1, 0, 0.5, 2],
    },
    // The same as with numbers in that sample.
    value: evaluate(crd({ temperature: 0.1, negatives }), { ...reference, rowWeights: [1, 0, 0.5, 2] } as never)
      .value as number,
    smooth: false,
  })),
  {
    title: 'a batch without a sample that counts',
    loss: crd({ temperature: 0.1 }),
    inputs: { ...reference, rowWeights: [0, 0, 0, 0] },
    value: 0,
    gradients: noGradient,
  },
  {
    // A zero projection scores 0 with every row: x = −log c, and each side gives log(1 + c) + K·log(1 + 1/c).
    title: 'a zero projection has a zero embedding and gradient 0',
    loss: crd({ normalization: 'paper' }),
    inputs: {
      ...reference,
      ...noGradient,
    },
    value: 2 * (Math.log(1 + 5 / 12) + 5 * Math.log(1 + 12 / 5)),
    gradients: noGradient,
    smooth: false,
  },
]);

describe('crd', () => {
  it('does not overflow at any temperature: scores of ±10⁴', () => {
    const { value, gradients } = valueAndGradients(crd({ temperature: 1e-4, normalization: 'paper' }), reference);
    expect(Number.isFinite(value)).toBe(true);
    expect(gradients.studentFeatures.data.every(Number.isFinite)).toBe(true);
  });

  it('gives the same whether rows are gathered, a few at a time, or the whole bank is scored', () => {
    const dimension = 64;
    const draw = (seed: number, ...shape: number[]) =>
      tensor(
        Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, index) => randomUniform(seed, index) - 0.5),
        shape,
      );
    const indices = (seed: number, ...shape: number[]) => {
      const { data } = draw(seed, ...shape);
      return tensor(
        Int32Array.from(data, (value) => Math.floor((value + 0.5) * 40)),
        shape,
      );
    };
    const batch = {
      studentFeatures: draw(1, 3, 2),
      teacherFeatures: draw(2, 3, 2),
      ...initializeCrd({ studentFeatures: 2, teacherFeatures: 2, dimension, seed: 3 }),
      studentBank: draw(4, 40, dimension),
      teacherBank: draw(5, 40, dimension),
      positiveIndices: indices(6, 3),
    };
    const { readSync: _, ...unread } = cpuBackend({ precision: 'float64' });
    // 20 000 candidates of 64 numbers are too many at once even for a single anchor; 6000 for all three.
    for (const count of [9, 6000, 20_000]) {
      const given = { ...batch, contrastIndices: indices(7, 3, count) };
      const loss = crd({ populationSize: 5000 });
      const partitions = estimatePartitions(loss, given);
      const gatheredPartitions = estimatePartitionsOn(unread, loss, given);
      expectDeepClose(gatheredPartitions, partitions, 1e-12, `partitions of ${count}`);
      const whole = valueAndGradients(loss, { ...given, ...partitions });
      const gathered = valueAndGradientsOn(unread, loss, { ...given, ...partitions });
      expectDeepClose(gathered.value.data[0], whole.value, 1e-11, `value of ${count}`);
      expectDeepClose(gathered.gradients, whole.gradients, 1e-10, `gradients of ${count}`);
    }
  });

  it('agrees with PyTorch on a device whose values cannot be read without waiting', () => {
    const { readSync: _, ...unread } = cpuBackend({ precision: 'float64' });
    const { value, gradients } = valueAndGradientsOn(unread, crd({ temperature: 0.1 }), reference);
    expectDeepClose(value.data[0], first.value, 1e-10, 'value');
    for (const [name, gradient] of Object.entries(first.gradients)) {
      expectDeepClose(gradients[name as keyof typeof gradients].data, tensor(gradient).data, 1e-9, name);
    }
  });

  it('states all of its parameters as options, for fused kernels', () => {
    expect(crd().options).toEqual({
      temperature: 0.07,
      normalization: 'reference',
      negatives: 'bank',
      populationSize: undefined,
      reduction: 'mean',
      ignoreIndex: null,
      normalizer: undefined,
    });
  });

  it('refuses options out of range', () => {
    expect(() => crd({ temperature: 0 })).toThrow('crd: temperature must be a finite number greater than 0, got 0.');
    expect(() => crd({ normalization: 'code' as never })).toThrow(
      "crd: normalization must be one of 'reference', 'paper'",
    );
    expect(() => crd({ negatives: 'memory' as never })).toThrow(
      "crd: negatives must be one of 'bank', 'queue', 'inBatch'",
    );
    expect(() => crd({ populationSize: 0.5 })).toThrow(
      'crd: populationSize must be a whole number of at least 1, got 0.5.',
    );
    expect(() => crd({ momentum: 0.5 } as never)).toThrow('crd: option must be one of');
  });

  it('refuses inputs that do not fit, and says which', () => {
    const run = (changed: object, options: object = {}) => {
      const given = { ...reference, ...changed };
      return () => evaluate(crd(options) as AnyLoss<'scalar'>, given);
    };
    expect(run({ studentFeatures: [1, 2, 3] })).toThrow(
      'crd: studentFeatures must be of shape [batch, features], got shape [3].',
    );
    expect(run({ studentFeatures: tensor([], [0, 3]) })).toThrow(
      'crd: studentFeatures must be a tensor with at least one',
    );
    expect(run({ teacherFeatures: inputs.teacherFeatures.slice(1) })).toThrow(
      'crd: teacherFeatures must be of 4 samples as studentFeatures, got shape [3, 5].',
    );
    expect(run({ studentProjectionWeight: inputs.teacherProjectionWeight })).toThrow(
      'crd: studentProjectionWeight must be of shape [3, dimension] to fit studentFeatures, got shape [5, 6].',
    );
    expect(run({ teacherProjectionBias: [0] })).toThrow(
      'crd: teacherProjectionBias must be of the shape of [dimension], [6], got shape [1].',
    );
    const narrow = banks.studentBank.map((row) => row.slice(1));
    expect(run({ studentBank: narrow, teacherBank: narrow })).toThrow(
      'crd: studentBank must be of dimension 6 as the projections, got shape [12, 5].',
    );
    expect(run({ teacherBank: narrow })).toThrow('crd: teacherBank must be of the shape of studentBank, [12, 6]');
    const small = banks.studentBank.slice(0, 3);
    expect(run({ studentBank: small, teacherBank: small })).toThrow(
      new RangeError('crd: studentBank must be of at least as many rows as the batch has samples, 4, got 3.'),
    );
    expect(run({ positiveIndices: [0, 1, 2, 12] })).toThrow(
      new RangeError('crd: positiveIndices must be row numbers of the bank, whole numbers in [0, 12), got 12.'),
    );
    expect(run({ contrastIndices: [[-1], [0], [1], [2]] })).toThrow(
      'crd: contrastIndices must be row numbers of the bank, whole numbers in [0, 12), got -1.',
    );
    expect(run({ contrastIndices: [[0], [1]] })).toThrow(
      'crd: contrastIndices must be of shape [4, negatives], got shape [2, 1].',
    );
    expect(run({ contrastIndices: tensor([], [4, 0]) })).toThrow(
      'crd: contrastIndices must be a tensor with at least one',
    );
    expect(run({ positiveIndices: [0] })).toThrow(
      'crd: positiveIndices must be of the shape of the batch, [4], got shape [1].',
    );
    expect(run({ studentLogPartition: Number.NaN })).toThrow(
      'crd: studentLogPartition must be a finite number, got NaN. Call estimatePartitions on the first batch',
    );
    expect(run({ studentLogPartition: [1, 2] })).toThrow('crd: studentLogPartition must be a scalar, got shape [2].');
    expect(run({ rowWeights: [1] })).toThrow('crd: rowWeights must be of the shape of the rows, [4], got shape [1].');
    const one = { studentFeatures: [[1, 2, 3]], teacherFeatures: [[1, 2, 3, 4, 5]] };
    expect(run(one, { negatives: 'inBatch' })).toThrow(
      "crd: studentFeatures must be of at least 2 samples where negatives is 'inBatch', got shape [1, 3].",
    );
    expect(run({ labels: [1] }, { negatives: 'inBatch' })).toThrow(
      'crd: labels must be of the shape of the batch, [4]',
    );
    expect(run({ studentBank: undefined })).toThrow('crd: studentBank must be given, got undefined.');
  });

  it('asks for the inputs of its variant, by type', () => {
    evaluate(crd({ negatives: 'inBatch', normalization: 'paper' }), inputs);
    evaluate(crd({ negatives: 'queue', normalization: 'paper' }), { ...inputs, ...banks });
    // @ts-expect-error the bank and the draws are missing
    expect(() => evaluate(crd({ normalization: 'paper' }), inputs)).toThrow(TypeError);
    const { studentLogPartition: _, ...withoutPartition } = reference;
    // @ts-expect-error the reference form needs both partitions
    expect(() => evaluate(crd(), withoutPartition)).toThrow(TypeError);
    evaluate(crd({ normalization: 'paper' }), withoutPartition);
    // @ts-expect-error banks get no gradient
    expect(valueAndGradients(crd(), reference).gradients.studentBank).toBeUndefined();
  });
});

describe('estimatePartitions', () => {
  it('gives PyTorch’s constants: the mean of e^(score/T) over the first batch, times the population', () => {
    for (const test of cases.filter(({ options }) => options.normalization === 'reference')) {
      const partitions = estimatePartitions(crd(test.options), {
        ...inputs,
        ...banks,
        positiveIndices: test.positiveIndices,
        contrastIndices,
      } as never);
      expect(partitions.studentLogPartition.data[0], test.title).toBeCloseTo(test.logPartitions[0], 9);
      expect(partitions.teacherLogPartition.data[0], test.title).toBeCloseTo(test.logPartitions[1], 9);
    }
  });

  it('refuses losses that are no crd', () => {
    const other = { ...crd(), reference: estimatePartitions } as never;
    expect(() => estimatePartitions(other, reference as never)).toThrow('estimatePartitions: loss must be a crd loss');
  });
});

describe('initializeCrd', () => {
  it('draws different weights for both sides, the same for the same seed', () => {
    const options = { studentFeatures: 4, teacherFeatures: 4, dimension: 8 };
    const made = initializeCrd({ ...options, seed: 1 });
    expect(made.studentProjectionWeight.shape).toEqual([4, 8]);
    expect(made.studentProjectionWeight.data).not.toEqual(made.teacherProjectionWeight.data);
    expect(made).toEqual(initializeCrd({ ...options, seed: 1 }));
    expect(made).not.toEqual(initializeCrd({ ...options, seed: 2 }));
  });
});
