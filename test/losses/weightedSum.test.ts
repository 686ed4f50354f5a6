import {
  crossEntropy,
  evaluate,
  hint,
  jensenShannon,
  klDivergence,
  linearRamp,
  rename,
  switchAt,
  valueAndGradients,
  weightedSum,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';

const studentLogits = [
  [1, 2, -1],
  [0, 0.5, 0.25],
];
const teacherLogits = [
  [2, 1, 0],
  [-1, 0, 3],
];
const labels = [1, 2];
const batch = { studentLogits, teacherLogits, labels };
const task = crossEntropy();
const distillation = klDivergence({ temperature: 4 });
const hardAndSoft = weightedSum({
  task: { loss: task, weight: 0.1 },
  distillation: { loss: distillation, weight: 0.9 },
});
const hard = valueAndGradients(task, batch);
const soft = valueAndGradients(distillation, batch);

const layers = weightedSum({
  task: { loss: task, weight: 1 },
  first: {
    loss: rename(hint(), { studentFeatures: 'studentBlock1', teacherFeatures: 'teacherBlock1' }),
    weight: 0.5,
  },
  second: {
    loss: rename(hint({ regressor: 'linear', reduction: 'halfSum' }), {
      studentFeatures: 'studentBlock2',
      teacherFeatures: 'teacherBlock2',
      regressorWeight: 'weight2',
      regressorBias: 'bias2',
    }),
    weight: 2,
  },
});
const layerInputs = {
  ...batch,
  studentBlock1: [
    [1, 2],
    [3, 0],
  ],
  teacherBlock1: [
    [0, 2],
    [3, 2],
  ],
  studentBlock2: [[1], [-1]],
  teacherBlock2: [
    [1, 0],
    [0, 1],
  ],
  weight2: [[1, 2]],
  bias2: [0, 1],
};

describeLoss('weightedSum', [
  {
    title: 'the weighted sum of its terms',
    loss: hardAndSoft,
    inputs: batch,
    value: 0.1 * hard.value + 0.9 * soft.value,
    gradients: {
      studentLogits: {
        data: hard.gradients.studentLogits.data.map(
          (gradient, index) => 0.1 * gradient + 0.9 * soft.gradients.studentLogits.data[index]!,
        ),
        shape: [2, 3],
      },
    },
  },
  {
    title: 'a scheduled weight, half way',
    loss: weightedSum({ distillation: { loss: distillation, weight: linearRamp({ end: 10, to: 3 }) } }),
    inputs: batch,
    step: 5,
    value: 1.5 * soft.value,
  },
  {
    title: 'a weight of 0 keeps an infinite term out',
    loss: weightedSum({ task: { loss: task, weight: 1 }, distillation: { loss: distillation, weight: 0 } }),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]], labels: [0] },
    value: 0,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
  {
    title: 'nothing but a weight of 0',
    loss: weightedSum({ distillation: { loss: distillation, weight: 0 } }),
    inputs: batch,
    value: 0,
    gradients: {
      studentLogits: [
        [0, 0, 0],
        [0, 0, 0],
      ],
    },
  },
  {
    // Block 1: differences (1, 0), (0, −2), mean square (1 + 4)/4. Block 2: predictions (1, 3) and (−1, −1),
    // differences (0, 3) and (−1, −2), half of 9 and of 5, together 7.
    title: 'hints at several layers, through rename',
    loss: layers,
    inputs: layerInputs,
    value: hard.value + 0.5 * 1.25 + 2 * 7,
    gradients: {
      studentBlock1: [
        [0.25, 0],
        [0, -0.5],
      ],
      bias2: [-2, 2],
      weight2: [[2, 10]],
    },
  },
  {
    title: 'a sum within a sum',
    loss: weightedSum({ both: { loss: hardAndSoft, weight: 2 }, again: { loss: task, weight: -0.2 } }),
    inputs: batch,
    value: 1.8 * soft.value,
  },
]);

describe('weightedSum', () => {
  it('reports each term before its weight, those of weight 0 too', () => {
    const loss = weightedSum({ task: { loss: task, weight: 0 }, distillation: { loss: distillation, weight: 0.5 } });
    const { value, terms } = evaluate(loss, batch);
    expect(terms.task).toBeCloseTo(hard.value, 12);
    expect(terms.distillation).toBeCloseTo(soft.value, 12);
    expect(value).toBeCloseTo(0.5 * soft.value, 12);
  });

  it('switches from one loss to another at a step', () => {
    const loss = weightedSum({
      distillation: { loss: distillation, weight: switchAt({ step: 3, from: 1, to: 0 }) },
      task: { loss: task, weight: switchAt({ step: 3 }) },
    });
    expect(evaluate(loss, batch, { step: 2 }).value).toBeCloseTo(soft.value, 12);
    expect(evaluate(loss, batch, { step: 3 }).value).toBeCloseTo(hard.value, 12);
  });

  it('needs the step where a weight is scheduled, and names the term', () => {
    const loss = weightedSum({ distillation: { loss: distillation, weight: linearRamp({ end: 10 }) } });
    expect(() => evaluate(loss, batch)).toThrow(
      new TypeError(
        "weightedSum: step must be given, got undefined. The weight of term 'distillation' is a schedule: pass { step } after the inputs.",
      ),
    );
  });

  it('refuses weights that are not finite, losses that are none, and losses of rows', () => {
    const term = (weight: unknown, loss: unknown = task) => ({ task: { loss, weight } }) as never;
    expect(() => weightedSum(term(Number.NaN))).toThrow(
      'weightedSum: terms.task.weight must be a finite number, got NaN.',
    );
    expect(() => weightedSum(term(1, {}))).toThrow('weightedSum: terms.task.loss must be a loss');
    expect(() => weightedSum(term(1, klDivergence({ reduction: 'none' })))).toThrow(
      "weightedSum: terms.task.loss must be reduced by 'mean' or 'sum', got 'none'.",
    );
    expect(() => weightedSum({})).toThrow('weightedSum: terms must be a record of at least one term');
    expect(() => evaluate(weightedSum(term(() => Infinity)), batch as never, { step: 4 })).toThrow(
      'weightedSum: terms.task.weight(4) must be a finite number, got Infinity.',
    );
  });

  it('gives zeros to the inputs of a term of weight 0, whatever they hold', () => {
    const scheduled = weightedSum({
      task: { loss: crossEntropy(), weight: 1 },
      hint: { loss: hint(), weight: linearRamp({ start: 10, end: 20 }) },
    });
    for (const given of [Infinity, Number.NaN, 3]) {
      const inputs = { studentLogits: [[1, 2]], labels: [0], studentFeatures: [[1, given]], teacherFeatures: [[0, 1]] };
      const { value, gradients } = valueAndGradients(scheduled, inputs, { step: 0 });
      expect(value).toBeCloseTo(Math.log1p(Math.E), 12);
      expect(gradients.studentFeatures.shape).toEqual([1, 2]);
      expect(Array.from(gradients.studentFeatures.data)).toEqual([0, 0]);
    }
  });

  it('checks every term before any work, in the name of the term', () => {
    expect(() => evaluate(hardAndSoft, { ...batch, labels: [0, 3] })).toThrow(
      'crossEntropy: labels must be whole numbers in [0, 3), got 3.',
    );
    expect(() => evaluate(hardAndSoft, { ...batch, teacherLogits: [[1, 2]] })).toThrow('klDivergence: teacherLogits');
  });

  it('needs the inputs of all its terms, by type', () => {
    // @ts-expect-error the distillation term needs teacherLogits
    expect(() => evaluate(hardAndSoft, { studentLogits, labels })).toThrow(
      'weightedSum: teacherLogits must be given, got undefined. Inputs received: studentLogits, labels.',
    );
    const { bias2: _, ...incomplete } = layerInputs;
    // @ts-expect-error the second hint needs bias2
    expect(() => evaluate(layers, incomplete)).toThrow('weightedSum: bias2 must be given');
  });

  it('is a plain loss: its terms are the ones of a sum written by hand', () => {
    const jsd = jensenShannon();
    const sum = weightedSum({ a: { loss: jsd, weight: 2 }, b: { loss: jsd, weight: 3 } });
    expect(evaluate(sum, batch).value).toBeCloseTo(5 * evaluate(jsd, batch).value, 12);
    expect(sum.inputs).toEqual(['studentLogits', 'teacherLogits']);
    expect(sum.differentiable).toEqual(['studentLogits']);
  });
});
