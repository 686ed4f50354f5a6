import {
  crossEntropy,
  evaluate,
  evaluateOn,
  jensenShannon,
  klDivergence,
  softCrossEntropy,
  tensor,
  valueAndGradients,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';

const pairLosses = { klDivergence, softCrossEntropy, jensenShannon };
const logits = [[1, 2, 3]];

for (const [name, make] of Object.entries(pairLosses)) {
  const run =
    (inputs: object, options: object = {}) =>
    () =>
      evaluate(make(options), { studentLogits: logits, teacherLogits: logits, ...inputs } as never);

  describe(`${name} refuses`, () => {
    it('a temperature that is not a number greater than 0', () => {
      for (const temperature of [0, -1, Number.NaN, Infinity]) {
        expect(() => make({ temperature })).toThrow(
          new RangeError(`${name}: temperature must be a finite number greater than 0, got ${temperature}.`),
        );
      }
      expect(() => make({ temperature: '4' as never })).toThrow(
        new TypeError(`${name}: temperature must be a number, got '4'.`),
      );
    });

    it('a misspelt option', () => {
      expect(() => make({ temprature: 2 } as never)).toThrow(
        /option must be one of .*'temperature'.*, got 'temprature'/,
      );
    });

    it('an unknown reduction, and a normalizer without a mean', () => {
      expect(() => make({ reduction: 'average' as never })).toThrow(
        new RangeError(`${name}: reduction must be one of 'mean', 'sum', 'none', got 'average'.`),
      );
      expect(() => make({ reduction: 'sum', normalizer: 3 })).toThrow(
        new RangeError(`${name}: reduction must be 'mean' where normalizer is given, got 'sum'.`),
      );
      expect(() => make({ normalizer: -1 })).toThrow(
        `${name}: normalizer must be a finite number greater than 0, got -1.`,
      );
    });

    it('mismatched classes, rows and ranks', () => {
      const advice =
        'Where vocabularies differ, the option vocabulary of losses on tokens says how classes correspond.';
      expect(run({ teacherLogits: [[1, 2]] })).toThrow(
        new RangeError(`${name}: teacherLogits must be of the student's 3 classes, got 2. ${advice}`),
      );
      expect(run({ teacherLogits: [logits] })).toThrow(/, \[1, 3\], got shape \[1, 1, 3\]\.$/);
      expect(run({ studentLogits: 3, teacherLogits: 3 })).toThrow(
        new TypeError(`${name}: studentLogits must be of shape [..., classes], got shape [].`),
      );
    });

    it('logits of one class, with the way out', () => {
      const one = { studentLogits: [[3], [1]], teacherLogits: [[1], [0]] };
      const expected = new RegExp(
        `^${name}: studentLogits must be of at least 2 classes, got 1\\. .*\\[0, z\\].*binary loss`,
      );
      expect(run(one)).toThrow(RangeError);
      expect(run(one)).toThrow(expected);
    });

    it('an empty batch, and no classes', () => {
      for (const shape of [
        [0, 3],
        [2, 0],
      ]) {
        const empty = tensor([], shape);
        expect(run({ studentLogits: empty, teacherLogits: empty })).toThrow(
          `${name}: studentLogits must be a tensor with at least one element, got shape [${shape.join(', ')}].`,
        );
      }
    });

    it('a missing input, by name', () => {
      expect(() => evaluate(make(), { studentLogits: logits } as never)).toThrow(
        new TypeError(`${name}: teacherLogits must be given, got undefined. Inputs received: studentLogits.`),
      );
      expect(run({}, { ignoreIndex: -1 })).toThrow(
        `${name}: labels must be given where ignoreIndex is set, got undefined.`,
      );
    });

    it('row weights of another shape, negative or NaN', () => {
      expect(run({ rowWeights: [1, 1] })).toThrow(
        `${name}: rowWeights must be of the shape of the rows, [1], got shape [2].`,
      );
      for (const weight of [-1, Number.NaN, Infinity]) {
        expect(run({ rowWeights: [weight] })).toThrow(
          `${name}: rowWeights must be finite numbers of at least 0, got ${weight}.`,
        );
      }
    });

    it('ragged arrays and things that are no tensors', () => {
      expect(run({ studentLogits: [[1, 2], [3]] })).toThrow(/^klDivergence|^softCrossEntropy|^jensenShannon/);
      expect(run({ studentLogits: 'logits' })).toThrow(`${name}: studentLogits must be a host tensor`);
    });
  });
}

describe('crossEntropy refuses', () => {
  const run = (inputs: object) => () =>
    evaluate(crossEntropy(), { studentLogits: logits, labels: [0], ...inputs } as never);

  it('labels that are no classes', () => {
    for (const label of [3, -1, 0.5, Number.NaN]) {
      expect(run({ labels: [label] })).toThrow(
        new RangeError(`crossEntropy: labels must be whole numbers in [0, 3), got ${label}.`),
      );
    }
  });

  it('labels of another shape than the rows', () => {
    expect(run({ labels: [[0]] })).toThrow(
      new TypeError(
        'crossEntropy: labels must be of the shape of the rows, [1], got shape [1, 1]. Give one label a row, without an axis of its own.',
      ),
    );
    expect(run({ labels: [[1, 0, 0]] })).toThrow(/got shape \[1, 3\]\. One-hot labels: give the number of the class\./);
    const map = tensor(new Float32Array(12), [1, 3, 2, 2]);
    expect(run({ studentLogits: map, labels: tensor(new Float32Array(4), [1, 2, 2]) })).toThrow(
      /of the rows, \[1, 3, 2\], got shape \[1, 2, 2\]\. .*option axis/,
    );
    expect(run({ labels: [0, 1] })).toThrow(
      'crossEntropy: labels must be of the shape of the rows, [1], got shape [2].',
    );
  });

  it('logits of one class', () => {
    expect(run({ studentLogits: [[1]] })).toThrow('crossEntropy: studentLogits must be of at least 2 classes, got 1.');
  });

  it('logits without classes, and an empty batch', () => {
    expect(run({ studentLogits: 1, labels: 0 })).toThrow('crossEntropy: studentLogits must be of shape [..., classes]');
    expect(run({ studentLogits: tensor([], [0, 3]), labels: tensor([], [0]) })).toThrow(
      'crossEntropy: studentLogits must be a tensor with at least one element, got shape [0, 3].',
    );
  });

  it('a label smoothing outside [0, 1]', () => {
    for (const labelSmoothing of [-0.1, 1.1, Number.NaN]) {
      expect(() => crossEntropy({ labelSmoothing })).toThrow(
        new RangeError(`crossEntropy: labelSmoothing must be in [0, 1], got ${labelSmoothing}.`),
      );
    }
  });
});

describe('on a device whose values cannot be read without waiting', () => {
  it('a label out of range gives NaN in value and gradient, never a silent number', () => {
    const { readSync: _, ...host } = cpuBackend({ precision: 'float64' });
    const { value } = evaluateOn(host, crossEntropy(), { studentLogits: logits, labels: [7] });
    expect(value.data[0]).toBeNaN();
  });
});

describe('types', () => {
  it('make a missing input a compile error', () => {
    // @ts-expect-error labels are missing
    expect(() => evaluate(crossEntropy(), { studentLogits: logits })).toThrow(TypeError);
    // @ts-expect-error teacherLogits are missing
    expect(() => evaluate(klDivergence(), { studentLogits: logits })).toThrow(TypeError);
    // @ts-expect-error teacherLogits are missing
    expect(() => evaluate(jensenShannon(), { studentLogits: logits })).toThrow(TypeError);
    // @ts-expect-error teacherLogits are missing
    expect(() => evaluate(softCrossEntropy(), { studentLogits: logits })).toThrow(TypeError);
  });

  it("follow the reduction: 'none' gives a tensor, the others a number", () => {
    const inputs = { studentLogits: logits, teacherLogits: logits };
    const rows: { readonly shape: readonly number[] } = valueAndGradients(
      klDivergence({ reduction: 'none' }),
      inputs,
    ).value;
    const mean: number = valueAndGradients(klDivergence(), inputs).value;
    expect(rows.shape).toEqual([1]);
    expect(mean).toBe(0);
    // @ts-expect-error teacherLogits get no gradient
    expect(valueAndGradients(klDivergence(), inputs).gradients.teacherLogits).toBeUndefined();
  });
});
