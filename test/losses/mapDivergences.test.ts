import {
  channelwiseDivergence,
  crossEntropy,
  evaluate,
  klDivergence,
  pixelwiseDivergence,
  tensor,
  valueAndGradients,
  weightedSum,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

const pocket = {
  studentFeatures: [
    [
      [
        [1, 2],
        [0, 1],
      ],
    ],
  ],
  teacherFeatures: [
    [
      [
        [2, 0],
        [1, 1],
      ],
    ],
  ],
};
const first = { layout: 'channelsFirst' } as const;
// Two samples of two channels at 1 × 3 positions, channels first.
const maps = {
  studentFeatures: [
    [[[1, 0, 2]], [[0, -1, 1]]],
    [[[0, 3, 1]], [[2, 1, 0]]],
  ],
  teacherFeatures: [
    [[[0, 1, 1]], [[2, 0, -1]]],
    [[[1, 1, 0]], [[0, 2, 1]]],
  ],
};

describeLoss('channelwiseDivergence', [
  ...catalogueCases('channelwiseDivergence', channelwiseDivergence),
  {
    title: 'one map, by hand in float64',
    loss: channelwiseDivergence(first),
    inputs: pocket,
    value: 0.586399602,
    tolerance: 1e-9,
  },
  {
    title: 'channels last, with weights of channels',
    loss: channelwiseDivergence({ temperature: 2, reduction: 'none' }),
    inputs: {
      studentFeatures: [
        [
          [1, 0],
          [2, 1],
        ],
      ],
      teacherFeatures: [
        [
          [0, 1],
          [0, 2],
        ],
      ],
      rowWeights: [[1, 3]],
    },
  },
]);

describeLoss('pixelwiseDivergence', [
  { title: 'channels first', loss: pixelwiseDivergence({ ...first, temperature: 3 }), inputs: maps },
  { title: 'channels last, row by row', loss: pixelwiseDivergence({ reduction: 'none' }), inputs: maps },
  {
    title: 'positions without a label, and weights',
    loss: pixelwiseDivergence({ ...first, ignoreIndex: 255 }),
    inputs: { ...maps, labels: [[[0, 255, 1]], [[255, 1, 0]]], rowWeights: [[[1, 1, 2]], [[1, 0, 1]]] },
  },
]);

/** [batch, channels, height, width] with the channels at the end. */
function channelsLast({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }) {
  const [batch = 1, channels = 1, height = 1, width = 1] = shape;
  const moved = new Float64Array(data.length);
  for (let sample = 0; sample < batch; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let at = 0; at < height * width; at++) {
        moved[(sample * height * width + at) * channels + channel] =
          data[(sample * channels + channel) * height * width + at]!;
      }
    }
  }
  return tensor(moved, [batch, height, width, channels]);
}

const features = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 24, maxLength: 24 });

describe.each([
  ['channelwiseDivergence', channelwiseDivergence, [4, 6]],
  ['pixelwiseDivergence', pixelwiseDivergence, [12, 2]],
] as const)('%s', (name, factory, rows) => {
  const shape = [2, 2, 2, 3];

  it('is klDivergence of its rows, in both layouts, with the gradient where the features are', () => {
    fc.assert(
      fc.property(features, features, fc.constantFrom(1, 4), (student, teacher, temperature) => {
        const inputs = {
          studentFeatures: tensor(Float64Array.from(student), shape),
          teacherFeatures: tensor(Float64Array.from(teacher), shape),
        };
        const last = {
          studentFeatures: channelsLast(inputs.studentFeatures),
          teacherFeatures: channelsLast(inputs.teacherFeatures),
        };
        // Positions lie side by side with channels first, channels with channels last.
        const { studentFeatures, teacherFeatures } = name === 'channelwiseDivergence' ? inputs : last;
        const plain = valueAndGradients(klDivergence({ temperature }), {
          studentLogits: tensor(studentFeatures, rows),
          teacherLogits: tensor(teacherFeatures, rows),
        });
        const byFirst = valueAndGradients(factory({ ...first, temperature }), inputs);
        const byLast = valueAndGradients(factory({ temperature }), last);
        expect(byFirst.value).toBeCloseTo(plain.value, 10);
        expect(byLast.value).toBeCloseTo(plain.value, 10);
        expect(byFirst.gradients.studentFeatures.shape).toEqual(shape);
        expect(byLast.gradients.studentFeatures.shape).toEqual([2, 2, 3, 2]);
        const moved = channelsLast(byFirst.gradients.studentFeatures).data;
        const expected = name === 'channelwiseDivergence' ? byFirst.gradients.studentFeatures.data : moved;
        plain.gradients.studentLogits.data.forEach((slope, index) => {
          expect(expected[index]).toBeCloseTo(slope, 10);
          expect(byLast.gradients.studentFeatures.data[index]).toBeCloseTo(moved[index]!, 12);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('does not see a row of weight 0, whatever it holds', () => {
    const broken = structuredClone(maps);
    for (const channel of broken.studentFeatures[0]!) channel[0]![1] = Number.NaN;
    if (name === 'channelwiseDivergence') broken.studentFeatures[0]![1]![0] = [Number.NaN, Infinity, 0];
    const rowWeights =
      name === 'channelwiseDivergence'
        ? [
            [0, 0],
            [1, 2],
          ]
        : [[[1, 0, 1]], [[1, 1, 1]]];
    const { value, gradients } = valueAndGradients(factory(first), { ...broken, rowWeights });
    expect(Number.isFinite(value)).toBe(true);
    const slopes = Array.from(gradients.studentFeatures.data);
    expect(slopes.every(Number.isFinite)).toBe(true);
    expect(slopes.slice(0, 6).filter((_, index) => name === 'channelwiseDivergence' || index % 3 === 1)).toEqual(
      Array(name === 'channelwiseDivergence' ? 6 : 2).fill(0),
    );
    expect(evaluate(factory(first), { ...maps, rowWeights }).value).toBeCloseTo(value, 12);
  });

  it('refuses features without positions, and sides of different shape', () => {
    expect(() => evaluate(factory(first), { studentFeatures: [[1, 2]], teacherFeatures: [[1, 2]] })).toThrow(
      `${name}: studentFeatures must be of shape [batch, channels, ...positions], got shape [1, 2].`,
    );
    const wider = {
      ...pocket,
      teacherFeatures: [
        [
          [
            [2, 0, 1],
            [1, 1, 1],
          ],
        ],
      ],
    };
    expect(() => evaluate(factory(first), wider)).toThrow(
      `${name}: teacherFeatures must be of the shape of studentFeatures, [1, 1, 2, 2], got shape [1, 1, 2, 3].`,
    );
  });
});

describe('channelwiseDivergence beside a loss with labels', () => {
  it('leaves the labels alone: they are not of its rows', () => {
    const both = weightedSum({
      task: { loss: crossEntropy(), weight: 1 },
      maps: { loss: channelwiseDivergence(first), weight: 1 },
    });
    const { terms } = evaluate(both, { ...pocket, studentLogits: [[1, 2]], labels: [-100] });
    expect(terms.maps).toBeCloseTo(0.586399602, 9);
    // @ts-expect-error not an option
    expect(() => channelwiseDivergence({ ignoreIndex: 0 })).toThrow(RangeError);
  });
});
