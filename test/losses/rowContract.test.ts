import {
  crd,
  crossEntropy,
  evaluate,
  hint,
  jensenShannon,
  klDivergence,
  softCrossEntropy,
  valueAndGradients,
  valueAndGradientsOn,
  weightedSum,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';

const studentLogits = [
  [1, 2, 0],
  [0, 1, 3],
];
const teacherLogits = [
  [0, 3, 1],
  [1, 0, 2],
];
const divergences = { klDivergence, softCrossEntropy, jensenShannon };

describe.each(Object.entries(divergences))('%s beside cross-entropy', (_, factory) => {
  it('leaves out the rows that cross-entropy ignores, with the same default', () => {
    const both = weightedSum({ task: { loss: crossEntropy(), weight: 1 }, kd: { loss: factory(), weight: 1 } });
    const { terms, gradients } = valueAndGradients(both, { studentLogits, teacherLogits, labels: [1, -100] });
    const first = { studentLogits: studentLogits.slice(0, 1), teacherLogits: teacherLogits.slice(0, 1) };
    expect(terms.kd).toBeCloseTo(evaluate(factory(), first).value, 12);
    expect(Array.from(gradients.studentLogits.data.slice(3))).toEqual([0, 0, 0]);
  });

  it('counts every row with ignoreIndex: null, and where no labels are given', () => {
    const all = evaluate(factory(), { studentLogits, teacherLogits }).value;
    expect(evaluate(factory({ ignoreIndex: null }), { studentLogits, teacherLogits, labels: [1, -100] }).value).toBe(
      all,
    );
  });

  it('refuses labels that are not of the rows, and says what to do', () => {
    expect(() => evaluate(factory(), { studentLogits, teacherLogits, labels: [1, 0, 2] })).toThrow(
      /labels must be of the shape of the rows, \[2\], got shape \[3\]\. .*set ignoreIndex: null\.$/,
    );
  });

  it('gives gradient 0 where its only row, of rank 1, does not count', () => {
    for (const inputs of [{ rowWeights: 0 }, { labels: -100 }]) {
      const batch = { studentLogits: [Number.NaN, 2], teacherLogits: [1, 2], ...inputs };
      const { value, gradients } = valueAndGradients(factory(), batch);
      expect([value, ...gradients.studentLogits.data]).toEqual([0, 0, 0]);
    }
  });
});

describe('a divisor that comes with the call', () => {
  const batch = { studentLogits, teacherLogits, labels: [1, 0] };

  it('takes the place of the number of rows, in value and gradient', () => {
    const loss = klDivergence();
    const plain = valueAndGradients(loss, batch);
    const accumulated = valueAndGradients(loss, batch, { normalizer: 10 });
    expect(accumulated.value).toBeCloseTo((plain.value * 2) / 10, 12);
    accumulated.gradients.studentLogits.data.forEach((value, index) => {
      expect(value).toBeCloseTo((plain.gradients.studentLogits.data[index]! * 2) / 10, 12);
    });
  });

  it('takes the place of that of the factory', () => {
    expect(evaluate(klDivergence({ normalizer: 4 }), batch, { normalizer: 10 }).value).toBeCloseTo(
      evaluate(klDivergence({ normalizer: 10 }), batch).value,
      12,
    );
  });

  it('reaches every term of a weighted sum, and kernels as well', () => {
    const float = (rows: number[][]) => ({ data: Float32Array.from(rows.flat()), shape: [2, 3] });
    const both = weightedSum({ task: { loss: crossEntropy(), weight: 1 }, kd: { loss: klDivergence(), weight: 1 } });
    const single = { studentLogits: float(studentLogits), teacherLogits: float(teacherLogits), labels: [1, 0] };
    const { terms } = evaluate(both, single, { normalizer: 10 });
    expect(terms.task).toBeCloseTo(evaluate(crossEntropy({ normalizer: 10 }), batch).value, 6);
    expect(terms.kd).toBeCloseTo(evaluate(klDivergence({ normalizer: 10 }), batch).value, 6);
  });

  it('divides the sum of a hint', () => {
    const features = { studentFeatures: [[1, 2]], teacherFeatures: [[0, 0]] };
    expect(evaluate(hint({ reduction: 'halfSum' }), features, { normalizer: 5 }).value).toBeCloseTo(0.5, 12);
  });

  it('is refused where a loss is no mean, or the number is none', () => {
    expect(() => evaluate(klDivergence({ reduction: 'sum' }), batch, { normalizer: 2 })).toThrow(
      'klDivergence: normalizer must be left out: this loss is no mean over rows, got 2.',
    );
    expect(() => evaluate(klDivergence(), batch, { normalizer: 0 })).toThrow(/normalizer must be a finite number/);
    expect(crd({ reduction: 'none' }).takesNormalizer).toBe(false);
  });
});

describe('row weights below 0', () => {
  it('are NaN where they cannot be read before they are used, and refused elsewhere', () => {
    const { readSync, ...blind } = cpuBackend();
    const inputs = { studentLogits, teacherLogits, rowWeights: [1, -1] };
    const { value } = valueAndGradientsOn(blind, klDivergence(), inputs);
    expect(readSync(value).data[0]).toBeNaN();
    expect(() => evaluate(klDivergence(), inputs)).toThrow('rowWeights must be finite numbers of at least 0, got -1.');
  });
});

describe('row weights whose sum is beyond float32', () => {
  it('are refused where they can be read, and NaN elsewhere: divided by infinity all would be 0', () => {
    const { readSync, ...blind } = cpuBackend();
    const rowWeights = [3e38, 3e38];
    const { value, gradients } = valueAndGradientsOn(blind, klDivergence(), {
      studentLogits,
      teacherLogits,
      rowWeights,
    });
    expect(readSync(value).data[0]).toBeNaN();
    expect(readSync(gradients.studentLogits).data[0]).toBeNaN();
    const singles = { data: Float32Array.from(studentLogits.flat()), shape: [2, 3] };
    expect(() => evaluate(klDivergence(), { studentLogits: singles, teacherLogits, rowWeights })).toThrow(
      /rowWeights must be numbers whose sum is finite in the backend's precision, got 6.0*\d*e\+38\./,
    );
    // In float64 they have one.
    const equal = evaluate(klDivergence(), { studentLogits, teacherLogits }).value;
    expect(evaluate(klDivergence(), { studentLogits, teacherLogits, rowWeights }).value).toBeCloseTo(equal, 12);
  });
});

describe('what comes with the call', () => {
  const batch = { studentLogits, teacherLogits };

  it('is refused where its name is not known, or it is of the wrong kind', () => {
    expect(() => evaluate(klDivergence(), batch, { normaliser: 4 } as never)).toThrow(
      "klDivergence: option must be one of 'step', 'normalizer', got 'normaliser'. Did you mean 'normalizer'?",
    );
    expect(() => valueAndGradients(klDivergence(), batch, 'step' as never)).toThrow(/klDivergence: options must be/);
    expect(() => evaluate(klDivergence(), batch, { step: '5' } as never)).toThrow('step must be a number');
    expect(() => evaluate(klDivergence(), batch, { step: Number.NaN })).toThrow('step must be a finite number');
  });
});

describe('cross-entropy with all of its target spread', () => {
  it('is infinite where a class is at −Infinity, also the label', () => {
    for (const labels of [[0], [1]]) {
      const loss = crossEntropy({ labelSmoothing: 1 });
      expect(evaluate(loss, { studentLogits: [[1, -Infinity]], labels }).value).toBe(Infinity);
    }
  });
});
