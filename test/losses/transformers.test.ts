import * as tf from '@tensorflow/tfjs-core';
import {
  attentionMse,
  evaluate,
  klDivergence,
  layerMap,
  relationDivergence,
  rename,
  tensor,
  valueAndGradients,
  weightedSum,
} from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { openTfjs } from '../support/tfjs.ts';
import { catalogueCases } from './catalogueCases.ts';

const states = {
  studentStates: [
    [
      [1, 0, 2, 1],
      [0, 1, 1, 0],
      [-1, 0.5, 0, 2],
    ],
  ],
  teacherStates: [
    [
      [0, 1],
      [2, 1],
      [-1, 0.5],
    ],
  ],
};
const keys = {
  studentKeys: [
    [
      [0.5, 1, 0, -1],
      [1, 1, 2, 0],
      [0, -0.5, 1, 1],
    ],
  ],
  teacherKeys: [
    [
      [1, 1],
      [0, -1],
      [0.5, 2],
    ],
  ],
};

/** Σ over heads and queries of the relations' logits, written out: [head][query][key]. */
function relationLogits(x: readonly number[][], y: readonly number[][], heads: number): number[][][] {
  const width = x[0]!.length / heads;
  return Array.from({ length: heads }, (_, head) =>
    x.map((query) =>
      y.map((key) => {
        let product = 0;
        for (let at = head * width; at < (head + 1) * width; at++) product += query[at]! * key[at]!;
        return product / Math.sqrt(width);
      }),
    ),
  );
}

describeLoss('relationDivergence', [
  ...catalogueCases('relationDivergence', relationDivergence),
  {
    title: 'padding may hold NaN, and counts neither as key nor as query',
    loss: relationDivergence({ heads: 2 }),
    inputs: {
      studentStates: [[...states.studentStates[0]!, [Number.NaN, 1, Infinity, 2]]],
      teacherStates: [[...states.teacherStates[0]!, [Number.NaN, 7]]],
      mask: [[1, 1, 1, 0]],
    },
    value: evaluate(relationDivergence({ heads: 2 }), states).value,
    gradients: {
      studentStates: tensor(
        [...valueAndGradients(relationDivergence({ heads: 2 }), states).gradients.studentStates.data, 0, 0, 0, 0],
        [1, 4, 4],
      ),
    },
    smooth: false,
  },
  {
    title: 'no position counts',
    loss: relationDivergence({ heads: 1 }),
    inputs: { ...states, ...keys, mask: [[0, 0, 0]] },
    value: 0,
    gradients: {
      studentStates: tensor(new Float64Array(12), [1, 3, 4]),
      studentKeys: tensor(new Float64Array(12), [1, 3, 4]),
    },
    smooth: false,
  },
  {
    title: 'a number for each query',
    loss: relationDivergence({ heads: 2, reduction: 'none' }),
    inputs: { ...states, ...keys },
  },
  { title: 'a sum over queries', loss: relationDivergence({ heads: 1, reduction: 'sum' }), inputs: states },
]);

describe('relationDivergence', () => {
  it('is the KL divergence of the relations, over heads and queries', () => {
    for (const more of [{}, keys]) {
      const given = { ...states, ...more };
      const own = relationLogits(
        states.studentStates[0]!,
        (more === keys ? keys : { studentKeys: states.studentStates }).studentKeys[0]!,
        2,
      );
      const other = relationLogits(
        states.teacherStates[0]!,
        (more === keys ? keys : { teacherKeys: states.teacherStates }).teacherKeys[0]!,
        2,
      );
      const { value } = evaluate(klDivergence(), { studentLogits: own, teacherLogits: other });
      expect(evaluate(relationDivergence({ heads: 2 }), given).value).toBeCloseTo(value, 12);
    }
  });

  it('is 0, with gradient 0, for states of the teacher turned within each head', () => {
    const turned = states.studentStates.map((sequence) =>
      sequence.map(([a = 0, b = 0, c = 0, d = 0]) => [b, -a, 0.6 * c - 0.8 * d, 0.8 * c + 0.6 * d]),
    );
    const { value, gradients } = valueAndGradients(relationDivergence({ heads: 2 }), {
      studentStates: turned,
      teacherStates: states.studentStates,
    });
    expect(Math.abs(value)).toBeLessThan(1e-15);
    for (const gradient of gradients.studentStates.data) expect(Math.abs(gradient)).toBeLessThan(1e-15);
  });

  it('gives the keys a gradient where they are given, and none where they are not', () => {
    const loss = relationDivergence({ heads: 2 });
    expect(Object.keys(valueAndGradients(loss, states).gradients)).toEqual(['studentStates']);
    const { gradients } = valueAndGradients(loss, { ...states, ...keys });
    expect(Object.keys(gradients)).toEqual(['studentStates', 'studentKeys']);
    // The same tensor as queries and keys: the sum of both gradients.
    const both = valueAndGradients(loss, {
      ...states,
      studentKeys: states.studentStates,
      teacherKeys: states.teacherStates,
    });
    const sum = both.gradients.studentStates.data.map(
      (gradient, at) => gradient + both.gradients.studentKeys!.data[at]!,
    );
    expectDeepClose(valueAndGradients(loss, states).gradients.studentStates.data, sum, 1e-12);
  });

  it('adds up in a weighted sum, whichever of its terms have keys', () => {
    const objective = weightedSum({
      values: { loss: relationDivergence({ heads: 2 }), weight: 2 },
      queries: {
        loss: rename(relationDivergence({ heads: 1 }), {
          studentKeys: 'studentKeyStates',
          teacherKeys: 'teacherKeyStates',
        }),
        weight: 1,
      },
    });
    const given = { ...states, studentKeyStates: keys.studentKeys, teacherKeyStates: keys.teacherKeys };
    const { gradients } = valueAndGradients(objective, given);
    const values = valueAndGradients(relationDivergence({ heads: 2 }), states).gradients;
    const queries = valueAndGradients(relationDivergence({ heads: 1 }), { ...states, ...keys }).gradients;
    expect(Object.keys(gradients)).toEqual(['studentStates', 'studentKeyStates']);
    const sum = values.studentStates.data.map((gradient, at) => 2 * gradient + queries.studentStates.data[at]!);
    expectDeepClose(gradients.studentStates.data, sum, 1e-12);
    expectDeepClose(gradients.studentKeyStates!.data, queries.studentKeys!.data, 1e-12);
  });

  it('trains in tfjs with keys and without', async () => {
    await openTfjs('cpu');
    const loss = tfjsLoss(relationDivergence({ heads: 2 }));
    const student = tf.tensor(states.studentStates);
    const own = tf.grad((x) => loss({ ...states, studentStates: x }))(student);
    expectDeepClose(
      own.dataSync(),
      valueAndGradients(relationDivergence({ heads: 2 }), states).gradients.studentStates.data,
      1e-6,
    );
    const studentKeys = tf.tensor(keys.studentKeys);
    const gradients = tf.grads((x, y) => loss({ ...states, ...keys, studentStates: x!, studentKeys: y! }))([
      student,
      studentKeys,
    ]);
    const expected = valueAndGradients(relationDivergence({ heads: 2 }), { ...states, ...keys }).gradients;
    expectDeepClose(gradients[0]!.dataSync(), expected.studentStates.data, 1e-6);
    expectDeepClose(gradients[1]!.dataSync(), expected.studentKeys!.data, 1e-6);
    tf.dispose([student, own, studentKeys, ...gradients]);
  });

  it('refuses heads that divide no width, keys of one side alone, and sequences that differ', () => {
    expect(() => evaluate(relationDivergence({ heads: 4 }), states)).toThrow(
      "relationDivergence: heads must be a divisor of the teacher's width, 2, got 4.",
    );
    expect(() => relationDivergence({ heads: 0 })).toThrow(
      'relationDivergence: heads must be a whole number of at least 1',
    );
    expect(() => relationDivergence({} as never)).toThrow(
      'relationDivergence: heads must be a whole number, got undefined.',
    );
    expect(() => evaluate(relationDivergence({ heads: 1 }), { ...states, studentKeys: keys.studentKeys })).toThrow(
      'relationDivergence: teacherKeys must be given where the other side has keys, got undefined.',
    );
    expect(() => evaluate(relationDivergence({ heads: 1 }), { ...states, teacherStates: [[[1]]] })).toThrow(
      'relationDivergence: teacherStates must be of 1 sequences of 3 positions as studentStates, got shape [1, 1, 1].',
    );
    expect(() => evaluate(relationDivergence({ heads: 1 }), { ...states, mask: [1, 1, 1] })).toThrow(
      /mask must be of the shape of the positions, \[1, 3\], got shape \[3\]\.$/,
    );
  });
});

const attention = {
  studentAttention: tensor([1, 0, 2, 1, -1, 3, 0, 0.5], [1, 2, 2, 2]),
  teacherAttention: tensor([0, 0, 0, 3, 1, 1, 1, 1], [1, 2, 2, 2]),
};

describeLoss('attentionMse', [
  ...catalogueCases('attentionMse', attentionMse),
  {
    title: 'every pair of positions, over pairs and heads',
    loss: attentionMse(),
    inputs: attention,
    value: (1 + 0 + 4 + 4 + 4 + 4 + 1 + 0.25) / 8,
  },
  {
    title: 'every pair of two samples, added up',
    loss: attentionMse({ reduction: 'sum' }),
    inputs: {
      studentAttention: tensor([1, 0, 2, 1, -1, 3, 0, 0.5], [2, 1, 2, 2]),
      teacherAttention: tensor([0, 0, 0, 3, 1, 1, 1, 1], [2, 1, 2, 2]),
    },
    value: 1 + 0 + 4 + 4 + 4 + 4 + 1 + 0.25,
    gradients: { studentAttention: tensor([2, 0, 4, -4, -4, 4, -2, -1], [2, 1, 2, 2]) },
  },
  {
    title: 'every pair, by a divisor of its own',
    loss: attentionMse({ normalizer: 10 }),
    inputs: attention,
    value: (1 + 0 + 4 + 4 + 4 + 4 + 1 + 0.25) / 2 / 10,
  },
  {
    title: 'pairs with padding hold −Infinity and NaN',
    loss: attentionMse(),
    inputs: {
      studentAttention: tensor([1, -Infinity, Number.NaN, 1], [1, 1, 2, 2]),
      teacherAttention: tensor([0, -Infinity, 0, Infinity], [1, 1, 2, 2]),
      mask: [[1, 0]],
    },
    value: 1,
    gradients: { studentAttention: tensor([2, 0, 0, 0], [1, 1, 2, 2]) },
    smooth: false,
  },
  {
    title: 'a normalizer in place of the pairs',
    loss: attentionMse({ normalizer: 10 }),
    inputs: { ...attention, mask: [[1, 0]] },
    value: (1 + 4) / 2 / 10,
  },
  {
    title: 'no pair counts',
    loss: attentionMse(),
    inputs: { ...attention, mask: [[0, 0]] },
    value: 0,
    gradients: { studentAttention: tensor(new Float64Array(8), [1, 2, 2, 2]) },
    smooth: false,
  },
  {
    title: 'a number for each pair',
    loss: attentionMse({ reduction: 'none' }),
    inputs: attention,
    value: [2.5, 2, 2.5, 2.125],
  },
]);

describe('attentionMse', () => {
  it('refuses heads and positions that differ', () => {
    const fewer = { ...attention, teacherAttention: tensor([0, 0, 0, 3], [1, 1, 2, 2]) };
    expect(() => evaluate(attentionMse(), fewer)).toThrow(
      'attentionMse: teacherAttention must be of the shape of studentAttention, [1, 2, 2, 2], got shape [1, 1, 2, 2].',
    );
    const oblong = { studentAttention: tensor([0, 0], [1, 1, 1, 2]), teacherAttention: tensor([0, 0], [1, 1, 1, 2]) };
    expect(() => evaluate(attentionMse(), oblong)).toThrow(
      'of shape [batch, heads, positions, positions], got shape [1, 1, 1, 2]',
    );
  });
});

describe('layerMap', () => {
  const teachers = (options: Parameters<typeof layerMap>[0]): number[] =>
    layerMap(options).map(({ teacher }) => teacher);
  const twelve = { teacherLayers: 12 } as const;

  it('uniform: TinyBERT’s layers, the embedding to the embedding, attentions counted from 0', () => {
    expect(layerMap({ studentLayers: 4, ...twelve })).toEqual([
      { student: 0, teacher: 0 },
      { student: 1, teacher: 3 },
      { student: 2, teacher: 6 },
      { student: 3, teacher: 9 },
      { student: 4, teacher: 12 },
    ]);
    expect(layerMap({ studentLayers: 4, ...twelve, of: 'attention' })).toEqual([
      { student: 0, teacher: 2 },
      { student: 1, teacher: 5 },
      { student: 2, teacher: 8 },
      { student: 3, teacher: 11 },
    ]);
  });

  it('skip and last: PKD’s, without the last layer', () => {
    expect(teachers({ studentLayers: 6, ...twelve, strategy: 'skip' })).toEqual([2, 4, 6, 8, 10]);
    expect(teachers({ studentLayers: 6, ...twelve, strategy: 'last' })).toEqual([7, 8, 9, 10, 11]);
    expect(teachers({ studentLayers: 3, ...twelve, strategy: 'last' })).toEqual([10, 11]);
  });

  it('whatIsLost: first to first, last to last, and between them as the paper has it', () => {
    const map = (studentLayers: number) => teachers({ studentLayers, ...twelve, strategy: 'whatIsLost' });
    expect(map(3)).toEqual([1, 5, 12]);
    expect(map(6)).toEqual([1, 3, 6, 8, 10, 12]);
    expect(map(9)).toEqual([1, 2, 4, 6, 8, 9, 10, 11, 12]);
  });

  it('refuses what it would have to guess', () => {
    expect(() => layerMap({ studentLayers: 5, ...twelve })).toThrow(
      "layerMap: studentLayers must be a divisor of the teacher's 12, got 5. With 'last' any number of layers fits.",
    );
    expect(() => layerMap({ studentLayers: 13, ...twelve })).toThrow(
      "layerMap: studentLayers must be at most the teacher's 12, got 13.",
    );
    expect(() => layerMap({ studentLayers: 4, ...twelve, strategy: 'whatIsLost' })).toThrow(
      "3, 6 or 9 of 12 for 'whatIsLost'",
    );
    expect(() => layerMap({ studentLayers: 6, teacherLayers: 24, strategy: 'whatIsLost' })).toThrow(RangeError);
  });
});
