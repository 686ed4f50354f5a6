import { hint, initializeHintRegressor, tensor, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { fixtureCases } from './fixtureCases.ts';

describeLoss('hint', [
  ...fixtureCases('hint', hint),
  {
    title: 'one sample by hand: half the sum of squares',
    loss: hint({ reduction: 'halfSum' }),
    inputs: { studentFeatures: [[1, 2, 3]], teacherFeatures: [[0, 4, 3]] },
    value: 2.5,
    gradients: { studentFeatures: [[1, -2, 0]] },
  },
  {
    title: 'a plain vector: each number is a sample',
    loss: hint({ reduction: 'halfSum' }),
    inputs: { studentFeatures: [1, 2], teacherFeatures: [0, 4] },
    value: 0.5 + 2,
    gradients: { studentFeatures: [1, -2] },
  },
  {
    title: 'half the sum of squares over a normalizer',
    loss: hint({ reduction: 'halfSum', normalizer: 4 }),
    inputs: { studentFeatures: [[1], [2]], teacherFeatures: [[0], [4]] },
    value: 2.5 / 4,
    gradients: { studentFeatures: [[0.25], [-0.5]] },
  },
  {
    // Sample 2 counts: its prediction is 3·2 + 1 = 7, its difference 7 − 5 = 2.
    title: 'a masked sample may hold NaN, and the regressor does not see it',
    loss: hint({ regressor: 'linear' }),
    inputs: {
      studentFeatures: [[Number.NaN], [2], [Infinity]],
      teacherFeatures: [[0], [5], [Number.NaN]],
      regressorWeight: [[3]],
      regressorBias: [1],
      rowWeights: [0, 1, 0],
    },
    value: 4,
    gradients: { studentFeatures: [[0], [12], [0]], regressorWeight: [[8]], regressorBias: [4] },
    smooth: false,
  },
  {
    // Tokens 0 and 2 of the first sequence count, with errors (1 + 4)/2 and (0 + 9)/2: 7/2, over two rows.
    title: 'positions as rows: tokens under an attention mask',
    loss: hint(),
    inputs: {
      studentFeatures: [
        [
          [1, 2],
          [Number.NaN, 1],
          [0, 3],
        ],
      ],
      teacherFeatures: [
        [
          [0, 0],
          [5, Infinity],
          [0, 0],
        ],
      ],
      rowWeights: [[1, 0, 1]],
    },
    value: 3.5,
    gradients: {
      studentFeatures: [
        [
          [0.5, 1],
          [0, 0],
          [0, 1.5],
        ],
      ],
    },
    smooth: false,
  },
  {
    title: 'positions as rows: weighted errors add up',
    loss: hint({ reduction: 'halfSum' }),
    inputs: {
      studentFeatures: [
        [
          [1, 2],
          [0, 3],
        ],
      ],
      teacherFeatures: [
        [
          [0, 0],
          [0, 0],
        ],
      ],
      rowWeights: [[2, 0.5]],
    },
    value: 0.5 * (2 * 5 + 0.5 * 9),
    gradients: {
      studentFeatures: [
        [
          [2, 4],
          [0, 1.5],
        ],
      ],
    },
  },
  {
    // Σ score·mean_c d²/Σ score, the feature error weighted by the teacher's scores of detectors.
    title: 'positions as rows: maps under scores, channels first, through a convolution',
    loss: hint({ regressor: 'convolution', layout: 'channelsFirst' }),
    inputs: {
      studentFeatures: tensor([1, 2, 0, -1, Number.NaN, 3], [1, 2, 3]),
      teacherFeatures: tensor([1, 0, 4], [1, 1, 3]),
      regressorWeight: [[2], [1]],
      regressorBias: [1],
      rowWeights: [[3, 0, 1]],
    },
    // 2·1 − 1 + 1 − 1 = 1 and 2·0 + 3 + 1 − 4 = 0.
    value: 3 / 4,
    gradients: {
      studentFeatures: tensor([3, 0, 0, 1.5, 0, 0], [1, 2, 3]),
      regressorWeight: [[1.5], [-1.5]],
      regressorBias: [1.5],
    },
    smooth: false,
  },
  {
    title: 'positions as rows: a linear regressor and unequal weights',
    loss: hint({ regressor: 'linear', normalizer: 5 }),
    inputs: {
      studentFeatures: [
        [
          [1, 2],
          [0.5, 1],
        ],
        [
          [0, 3],
          [-1, 1],
        ],
      ],
      teacherFeatures: [
        [[1], [2]],
        [[0], [1]],
      ],
      regressorWeight: [[2], [-1]],
      regressorBias: [0.5],
      rowWeights: [
        [1, 2],
        [0, 0.5],
      ],
    },
    // d = −.5, −1.5, −2.5, −3.5.
    value: (0.25 + 2 * 2.25 + 0.5 * 12.25) / 5,
  },
  {
    title: 'a batch without a sample that counts',
    loss: hint(),
    inputs: { studentFeatures: [[Number.NaN]], teacherFeatures: [[1]], rowWeights: [0] },
    value: 0,
    gradients: { studentFeatures: [[0]] },
    smooth: false,
  },
]);

describe('hint', () => {
  it('gives the same with channels first as with channels last', () => {
    const numbers = (length: number) =>
      fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: length, maxLength: length });
    fc.assert(
      fc.property(numbers(2 * 3 * 4), numbers(2 * 2 * 4), numbers(6), numbers(2), (student, teacher, weight, bias) => {
        const channelsFirst = (data: readonly number[], channels: number) => ({
          data: Float64Array.from(data),
          shape: [2, channels, 4],
        });
        const channelsLast = (data: readonly number[], channels: number) => {
          const moved = new Float64Array(data.length);
          data.forEach((value, index) => {
            const sample = Math.floor(index / (channels * 4));
            const channel = Math.floor(index / 4) % channels;
            moved[(sample * 4 + (index % 4)) * channels + channel] = value;
          });
          return { data: moved, shape: [2, 4, channels] };
        };
        const parameters = { regressorWeight: tensor(weight, [3, 2]), regressorBias: bias };
        const first = valueAndGradients(hint({ regressor: 'convolution', layout: 'channelsFirst' }), {
          studentFeatures: channelsFirst(student, 3),
          teacherFeatures: channelsFirst(teacher, 2),
          ...parameters,
        });
        const last = valueAndGradients(hint({ regressor: 'convolution' }), {
          studentFeatures: channelsLast(student, 3),
          teacherFeatures: channelsLast(teacher, 2),
          ...parameters,
        });
        expect(Math.abs(first.value - last.value)).toBeLessThan(1e-10);
        first.gradients.regressorWeight.data.forEach((gradient, index) => {
          expect(Math.abs(gradient - last.gradients.regressorWeight.data[index]!)).toBeLessThan(1e-10);
        });
        const moved = channelsLast(Array.from(first.gradients.studentFeatures.data), 3);
        moved.data.forEach((gradient, index) => {
          expect(Math.abs(gradient - last.gradients.studentFeatures.data[index]!)).toBeLessThan(1e-10);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('is the mean over rows and width of the tokens that count, as if the others were not there', () => {
    const tokens = (seed: number) => Array.from({ length: 12 }, (_, index) => Math.sin(seed + 3 * index));
    const both = { studentFeatures: tensor(tokens(1), [2, 3, 2]), teacherFeatures: tensor(tokens(2), [2, 3, 2]) };
    const masked = valueAndGradients(hint(), {
      ...both,
      rowWeights: [
        [1, 1, 0],
        [1, 0, 0],
      ],
    });
    const kept = (seed: number) => tensor([...tokens(seed).slice(0, 4), ...tokens(seed).slice(6, 8)], [3, 2]);
    const alone = valueAndGradients(hint(), { studentFeatures: kept(1), teacherFeatures: kept(2) });
    expect(masked.value).toBeCloseTo(alone.value, 12);
    const [first, second] = [masked.gradients.studentFeatures.data, alone.gradients.studentFeatures.data];
    [0, 1, 2, 3, 6, 7].forEach((from, to) => {
      expect(first[from]).toBeCloseTo(second[to]!, 12);
    });
  });

  it('refuses row weights that are neither of samples nor of positions', () => {
    const both = {
      studentFeatures: [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ],
      teacherFeatures: [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ],
    };
    expect(() => valueAndGradients(hint(), { ...both, rowWeights: [[1, 1]] })).toThrow(
      'hint: rowWeights must be of the shape of the rows, [1, 3], got shape [1, 2].',
    );
    expect(() => valueAndGradients(hint(), { ...both, rowWeights: [1, 1] })).toThrow(
      'hint: rowWeights must be of the shape of the rows, [1], got shape [2].',
    );
  });

  it('is 0 where the regressor maps the student onto the teacher', () => {
    const { value, gradients } = valueAndGradients(hint({ regressor: 'linear' }), {
      studentFeatures: [
        [1, 2],
        [3, -1],
      ],
      teacherFeatures: [[4], [2]],
      regressorWeight: [[1], [1]],
      regressorBias: [1 - 0],
      rowWeights: [1, 0],
    });
    expect(value).toBe(0);
    expect(Array.from(gradients.regressorWeight.data)).toEqual([0, 0]);
  });

  it('refuses shapes that do not fit, and says which', () => {
    const student = tensor(new Float32Array(2 * 4 * 3 * 3), [2, 4, 3, 3]);
    const run = (options: object, inputs: object) => () =>
      valueAndGradients(hint(options), { studentFeatures: student, teacherFeatures: student, ...inputs } as never);
    const wide = { teacherFeatures: tensor(new Float32Array(2 * 6 * 3 * 3), [2, 6, 3, 3]) };
    expect(run({}, wide)).toThrow(
      /^hint: teacherFeatures must be of the shape of studentFeatures, \[2, 4, 3, 3\], got shape \[2, 6, 3, 3\]\..*regressor/,
    );
    const convolution = { regressor: 'convolution', layout: 'channelsFirst' };
    const parameters = { regressorWeight: tensor(new Float32Array(24), [6, 4]), regressorBias: new Float32Array(6) };
    expect(run(convolution, { ...wide, ...parameters })).toThrow(
      'hint: regressorWeight must be of the shape of [student width, teacher width], [4, 6], got shape [6, 4].',
    );
    expect(
      run(convolution, { ...wide, ...parameters, regressorWeight: tensor(new Float32Array(24), [4, 6]) }),
    ).not.toThrow();
    expect(
      run(convolution, { ...wide, regressorWeight: tensor(new Float32Array(24), [4, 6]), regressorBias: [0] }),
    ).toThrow('hint: regressorBias must be of the shape of [teacher width], [6], got shape [1].');
    expect(run({ regressor: 'linear' }, {})).toThrow('hint: regressorWeight must be given, got undefined.');
    expect(run({}, { rowWeights: [1] })).toThrow(
      'hint: rowWeights must be of the shape of the rows, [2], got shape [1].',
    );
    expect(run({}, { rowWeights: [1, -1] })).toThrow('hint: rowWeights must be finite numbers of at least 0, got -1.');
    const empty = { studentFeatures: tensor(new Float32Array(0), [0, 3]) };
    expect(run({}, empty)).toThrow(
      'hint: studentFeatures must be a tensor with at least one element, got shape [0, 3].',
    );
    const flat = { studentFeatures: [[1]], teacherFeatures: [[1]], regressorWeight: [[1]], regressorBias: [1] };
    expect(run({ regressor: 'convolution' }, flat)).toThrow(
      'hint: studentFeatures must be of shape [batch, ...positions, channels], got shape [1, 1].',
    );
    const smaller = { teacherFeatures: tensor(new Float32Array(2 * 6 * 2 * 2), [2, 6, 2, 2]), ...parameters };
    expect(run(convolution, smaller)).toThrow(
      'hint: teacherFeatures must be of the shape of studentFeatures but for the width, [2, 6, 3, 3], got shape [2, 6, 2, 2].',
    );
  });

  it('refuses options that it does not know or that contradict each other', () => {
    expect(() => hint({ regressor: 'dense' as never })).toThrow(
      "hint: regressor must be one of 'none', 'linear', 'convolution', got 'dense'.",
    );
    expect(() => hint({ reduction: 'sum' as never })).toThrow("hint: reduction must be one of 'mean', 'halfSum'");
    expect(() => hint({ layout: 'NCHW' as never })).toThrow(
      "hint: layout must be one of 'channelsLast', 'channelsFirst'",
    );
    expect(() => hint({ layout: 'channelsFirst' })).toThrow(
      "hint: regressor must be 'convolution' where layout is 'channelsFirst', got 'none'.",
    );
    expect(() => hint({ normalizer: 0 })).toThrow('hint: normalizer must be a finite number greater than 0, got 0.');
    expect(() => hint({ weight: 1 } as never)).toThrow('hint: option must be one of');
  });

  it('needs the inputs of its regressor, by type', () => {
    const features = { studentFeatures: [[1]], teacherFeatures: [[1]] };
    const parameters = { regressorWeight: [[1]], regressorBias: [0] };
    valueAndGradients(hint(), features);
    valueAndGradients(hint({ regressor: 'linear' }), { ...features, ...parameters });
    // @ts-expect-error the linear regressor's parameters are missing
    expect(() => valueAndGradients(hint({ regressor: 'linear' }), features)).toThrow(TypeError);
    // @ts-expect-error the teacher's features are missing
    expect(() => valueAndGradients(hint(), { studentFeatures: [[1]] })).toThrow(TypeError);
    // @ts-expect-error without a regressor there is no gradient of its weight
    expect(valueAndGradients(hint(), features).gradients.regressorWeight).toBeUndefined();
  });
});

describe('initializeHintRegressor', () => {
  it('draws the same weights for the same seed, within ±1/√width, and a zero bias', () => {
    const options = { studentFeatures: 16, teacherFeatures: 50 };
    const { regressorWeight, regressorBias } = initializeHintRegressor({ ...options, seed: 3 });
    expect(regressorWeight.shape).toEqual([16, 50]);
    expect(regressorBias).toEqual({ data: new Float32Array(50), shape: [50] });
    expect(regressorWeight).toEqual(initializeHintRegressor({ ...options, seed: 3 }).regressorWeight);
    expect(regressorWeight).not.toEqual(initializeHintRegressor({ ...options, seed: 4 }).regressorWeight);
    const weights = Array.from(regressorWeight.data);
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(0.25);
    // The variance of a uniform number over ±1/4 is (1/4)²/3 = 0.0208; 800 draws come within a tenth of it.
    expect(weights.reduce((sum, w) => sum + w * w, 0) / 800).toBeCloseTo(0.0208, 2);
  });

  it('refuses widths and seeds that are no whole numbers', () => {
    expect(() => initializeHintRegressor({ studentFeatures: 0, teacherFeatures: 1 })).toThrow(
      'initializeHintRegressor: studentFeatures must be a whole number of at least 1, got 0.',
    );
    expect(() => initializeHintRegressor({ studentFeatures: 1, teacherFeatures: 1, seed: 0.5 })).toThrow(RangeError);
  });
});
